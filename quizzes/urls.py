"""Addresses of the quizzes' pages."""

app_name = "quizzes"
urlpatterns: list[object] = []
