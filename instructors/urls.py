"""Addresses of the instructors' pages."""

from django.urls import path

from instructors.views import InstructorView

app_name = "instructors"
urlpatterns = [path("instructors/<uuid:instructor_id>/", InstructorView.as_view(), name="instructor")]
