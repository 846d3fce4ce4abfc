"""URLs of `/analytics/*`."""

from django.urls import path

from analytics import api

urlpatterns = [
    path("analytics/overview", api.OverviewView.as_view()),
    path("analytics/enrollments", api.EnrollmentsView.as_view()),
    path("analytics/revenue", api.RevenueView.as_view()),
    path("analytics/courses/<course_id>", api.CourseView.as_view()),
    path("analytics/users/<user_id>", api.UserView.as_view()),
]
