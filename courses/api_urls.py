"""API routes of `/courses/*` and `/categories/` (docs/api-contract.md, "Courses, lessons, reviews")."""

from typing import Any

from django.urls import path

from courses.api import CategoryViewSet, CourseViewSet, LessonViewSet

detail_actions: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("categories/", CategoryViewSet.as_view({"get": "list"})),
    path("courses/", CourseViewSet.as_view({"get": "list", "post": "create"})),
    path("courses/<course_id>", CourseViewSet.as_view(detail_actions)),
    path("courses/<course_id>/publish", CourseViewSet.as_view({"post": "publish"})),
    path("courses/<course_id>/unpublish", CourseViewSet.as_view({"post": "unpublish"})),
    path("courses/<course_id>/transfer", CourseViewSet.as_view({"post": "transfer"})),
    path("courses/<course_id>/lessons/", LessonViewSet.as_view({"get": "list", "post": "create"})),
    path("courses/<course_id>/lessons/reorder", LessonViewSet.as_view({"post": "reorder"})),
    path("courses/<course_id>/lessons/<lesson_id>", LessonViewSet.as_view(detail_actions)),
]
