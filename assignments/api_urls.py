"""API routes of `/assignments/*` (docs/api-contract.md, "Assignments")."""

from typing import Any

from django.urls import path

from assignments.api import AssignmentViewSet, SubmissionViewSet
from files.file_types import MAX_SIZES
from files.models import Purpose
from files.upload_handlers import accepts_uploads

detail_actions: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
accepts_submission = accepts_uploads(file=MAX_SIZES[Purpose.SUBMISSION], all_files=10 * MAX_SIZES[Purpose.SUBMISSION])

urlpatterns = [
    path("assignments/", AssignmentViewSet.as_view({"get": "list", "post": "create"})),
    path("assignments/submissions/", SubmissionViewSet.as_view({"get": "list"})),
    path("assignments/submissions/<submission_id>", SubmissionViewSet.as_view({"get": "retrieve"})),
    path("assignments/submissions/<submission_id>/grade", SubmissionViewSet.as_view({"post": "grade"})),
    path("assignments/<assignment_id>", AssignmentViewSet.as_view(detail_actions)),
    path("assignments/<assignment_id>/submit", accepts_submission(AssignmentViewSet.as_view({"post": "submit"}))),
    path("assignments/<assignment_id>/submissions", AssignmentViewSet.as_view({"get": "submissions"})),
    path("assignments/<assignment_id>/release", AssignmentViewSet.as_view({"post": "release"})),
]
