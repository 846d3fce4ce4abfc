"""Paths of `/quizzes/*` (seed, "Quizzes Module"; API.md)."""

from typing import Any

from django.urls import path

from quizzes.api import AttemptViewSet, QuestionViewSet, QuizViewSet

one: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
listed: dict[str, Any] = {"get": "list", "post": "create"}
again: dict[str, Any] = {"get": "regrade", "post": "regrade"}

urlpatterns = [
    path("quizzes/", QuizViewSet.as_view(listed)),
    path("quizzes/<quiz_id>", QuizViewSet.as_view(one)),
    path("quizzes/<quiz_id>/publish", QuizViewSet.as_view({"post": "publish"})),
    path("quizzes/<quiz_id>/unpublish", QuizViewSet.as_view({"post": "unpublish"})),
    path("quizzes/<quiz_id>/results", QuizViewSet.as_view({"get": "results"})),
    path("quizzes/<quiz_id>/results.csv", QuizViewSet.as_view({"get": "results_csv"})),
    path("quizzes/<quiz_id>/regrade", QuizViewSet.as_view(again)),
    path("quizzes/<quiz_id>/questions/", QuestionViewSet.as_view(listed)),
    path("quizzes/<quiz_id>/questions/<question_id>", QuestionViewSet.as_view(one)),
    path("quizzes/<quiz_id>/attempts/", AttemptViewSet.as_view(listed)),
    path("quizzes/<quiz_id>/attempts/<attempt_id>", AttemptViewSet.as_view({"get": "retrieve"})),
    path(
        "quizzes/<quiz_id>/attempts/<attempt_id>/answers",
        AttemptViewSet.as_view({"put": "answers", "patch": "answers"}),
    ),
    path("quizzes/<quiz_id>/attempts/<attempt_id>/submit", AttemptViewSet.as_view({"post": "submit"})),
    path("quizzes/<quiz_id>/attempts/<attempt_id>/grade", AttemptViewSet.as_view({"post": "grade"})),
]
