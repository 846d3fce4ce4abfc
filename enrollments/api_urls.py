"""URLs of the API of enrollments, rosters, chat, announcements and reviews (docs/api-contract.md)."""

from typing import Any

from django.urls import path
from rest_framework.parsers import MultiPartParser

from enrollments.api import EnrollmentViewSet, ReviewViewSet
from enrollments.chat_api import AnnouncementViewSet, MessageViewSet
from enrollments.roster_api import JoinLinkViewSet, RosterImportViewSet, RosterViewSet

progress: dict[str, Any] = {"get": "progress", "put": "progress", "patch": "progress"}
message: dict[str, Any] = {"patch": "partial_update", "delete": "destroy"}
review: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("enrollments/", EnrollmentViewSet.as_view({"get": "list", "post": "create"})),
    path("enrollments/join", EnrollmentViewSet.as_view({"post": "join"})),
    path("enrollments/<enrollment_id>", EnrollmentViewSet.as_view({"get": "retrieve"})),
    path("enrollments/<enrollment_id>/progress", EnrollmentViewSet.as_view(progress)),
    path("enrollments/<enrollment_id>/explain", EnrollmentViewSet.as_view({"get": "explain"})),
    path("enrollments/<enrollment_id>/grades", EnrollmentViewSet.as_view({"get": "grades"})),
    path("enrollments/<enrollment_id>/complete", EnrollmentViewSet.as_view({"post": "complete"})),
    path("enrollments/<enrollment_id>/end", EnrollmentViewSet.as_view({"post": "end"})),
    path("enrollments/<enrollment_id>/readmit", EnrollmentViewSet.as_view({"post": "readmit"})),
    path("courses/<course_id>/enrollments/", RosterViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "courses/<course_id>/enrollments/import",
        RosterViewSet.as_view({"post": "import_file"}, parser_classes=[MultiPartParser]),
    ),
    path("enrollment-imports/<import_id>/undo", RosterImportViewSet.as_view({"post": "undo"})),
    path("courses/<course_id>/join-links/", JoinLinkViewSet.as_view({"get": "list", "post": "create"})),
    path("courses/<course_id>/join-links/<link_id>", JoinLinkViewSet.as_view({"delete": "destroy"})),
    path("courses/<course_id>/messages/", MessageViewSet.as_view({"get": "list", "post": "create"})),
    path("courses/<course_id>/messages/unread", MessageViewSet.as_view({"get": "unread", "post": "unread"})),
    path("courses/<course_id>/messages/<number>", MessageViewSet.as_view(message)),
    path("courses/<course_id>/messages/<number>/hide", MessageViewSet.as_view({"post": "hide"})),
    path("courses/<course_id>/messages/<number>/show", MessageViewSet.as_view({"post": "show"})),
    path("courses/<course_id>/messages/<number>/mute", MessageViewSet.as_view({"post": "mute"})),
    path("courses/<course_id>/messages/<number>/unmute", MessageViewSet.as_view({"post": "unmute"})),
    path("courses/<course_id>/announcements/", AnnouncementViewSet.as_view({"get": "list", "post": "create"})),
    path("courses/<course_id>/reviews/", ReviewViewSet.as_view({"get": "list", "post": "create"})),
    path("courses/<course_id>/reviews/<review_id>", ReviewViewSet.as_view(review)),
    path("courses/<course_id>/reviews/<review_id>/reply", ReviewViewSet.as_view({"post": "reply"})),
    path("courses/<course_id>/reviews/<review_id>/report", ReviewViewSet.as_view({"post": "report"})),
]
