"""URLs of `/instructors/*`."""

from django.urls import path

from instructors.api import InstructorViewSet

urlpatterns = [
    path("instructors/me", InstructorViewSet.as_view({"get": "me", "put": "me", "patch": "me"})),
    path("instructors/me/dashboard", InstructorViewSet.as_view({"get": "dashboard"})),
    path("instructors/<instructor_id>", InstructorViewSet.as_view({"get": "retrieve"})),
]
