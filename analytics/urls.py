"""URLs of the analytics pages."""

from django.urls import path

from analytics import views

app_name = "analytics"
urlpatterns = [
    path("analytics/", views.OverviewView.as_view(), name="overview"),
    path("analytics/export/", views.export_site, name="export_site"),
    path("exports/", views.ExportsView.as_view(), name="exports"),
    path("teach/courses/<str:slug>/analytics/", views.CourseView.as_view(), name="course"),
    path("teach/courses/<str:slug>/analytics/export/", views.export_course, name="export_course"),
    path(
        "teach/courses/<str:slug>/students/<uuid:enrollment_id>/activity/", views.StudentView.as_view(), name="student"
    ),
]
