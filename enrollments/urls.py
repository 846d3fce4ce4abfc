"""Addresses of the student's pages."""

from django.urls import path

from enrollments import review_views, views
from enrollments import teaching_views as teaching

app_name = "enrollments"
urlpatterns = [
    path("dashboard/", views.DashboardView.as_view(), name="dashboard"),
    path("courses/<str:slug>/enroll/", views.enroll, name="enroll"),
    path("courses/<str:slug>/review/", views.ReviewView.as_view(), name="review"),
    path("courses/<str:slug>/reviews/<uuid:review_id>/reply/", review_views.reply, name="reply"),
    path("courses/<str:slug>/reviews/<uuid:review_id>/report/", review_views.report, name="report"),
    path("teach/courses/<str:slug>/students/", teaching.StudentsView.as_view(), name="students"),
    path("teach/courses/<str:slug>/students/invite/", teaching.invite, name="invite"),
    path("invitations/<str:token>/", teaching.invitation, name="invitation"),
    path("learn/<str:slug>/", views.LearningRoomView.as_view(), name="learn"),
    path("learn/<str:slug>/progress/", views.ProgressView.as_view(), name="progress"),
    path("learn/<str:slug>/<uuid:lesson_id>/", views.LearningRoomView.as_view(), name="lesson"),
    path("learn/<str:slug>/<uuid:lesson_id>/done/", views.finish_lesson, name="finish_lesson"),
]
