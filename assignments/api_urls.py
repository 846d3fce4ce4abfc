"""Paths of `/assignments/*` (seed, "Assignments Module"; API.md, "Assignments")."""

from typing import Any

from django.urls import path

from assignments.api import AssignmentViewSet, SubmissionViewSet
from files.kinds import LARGEST
from files.models import Purpose
from files.uploading import takes_uploads

one: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
takes_work = takes_uploads(file=LARGEST[Purpose.SUBMISSION], all_files=10 * LARGEST[Purpose.SUBMISSION])

urlpatterns = [
    path("assignments/", AssignmentViewSet.as_view({"get": "list", "post": "create"})),
    path("assignments/submissions/", SubmissionViewSet.as_view({"get": "list"})),
    path("assignments/submissions/<submission_id>", SubmissionViewSet.as_view({"get": "retrieve"})),
    path("assignments/submissions/<submission_id>/grade", SubmissionViewSet.as_view({"post": "grade"})),
    path("assignments/<assignment_id>", AssignmentViewSet.as_view(one)),
    path("assignments/<assignment_id>/submit", takes_work(AssignmentViewSet.as_view({"post": "submit"}))),
    path("assignments/<assignment_id>/submissions", AssignmentViewSet.as_view({"get": "submissions"})),
    path("assignments/<assignment_id>/release", AssignmentViewSet.as_view({"post": "release"})),
]
