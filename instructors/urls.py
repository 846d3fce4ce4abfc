"""URLs of the instructors' pages."""

from django.urls import path

from instructors import gradebook_views as grading
from instructors.views import DashboardView, InstructorView, OwnProfileView

app_name = "instructors"
urlpatterns = [
    path("instructors/<uuid:instructor_id>/", InstructorView.as_view(), name="instructor"),
    path("teach/dashboard/", DashboardView.as_view(), name="dashboard"),
    path("teach/profile/", OwnProfileView.as_view(), name="profile"),
    path("teach/courses/<str:slug>/gradebook/", grading.GradebookView.as_view(), name="gradebook"),
    path("teach/courses/<str:slug>/gradebook.csv", grading.gradebook_file, name="gradebook_file"),
    path("teach/courses/<str:slug>/gradebook/weights/", grading.WeightsView.as_view(), name="weights"),
    path(
        "teach/courses/<str:slug>/gradebook/<uuid:item_id>/<uuid:enrollment_id>/",
        grading.GradeView.as_view(),
        name="grade",
    ),
]
