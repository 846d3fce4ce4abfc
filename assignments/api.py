"""API views of `/assignments/*`."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import TeachesOrReads, signed_in
from assignments import grading, services
from assignments import submissions as assignment_submissions
from assignments.models import Assignment, Submission
from assignments.serializers import (
    AssignmentSerializer,
    AssignmentWriteSerializer,
    GradeSerializer,
    ReleasedSerializer,
    SubmissionDetailSerializer,
    SubmissionSerializer,
    SubmitSerializer,
)
from core.access.scopes import ScopedMixin, editable_or_403
from core.http.idempotency import IdempotentMixin
from core.http.json_parser import StrictJSONParser
from courses.models import Course
from files.upload_handlers import received_files


class AssignmentFilter(django_filters.FilterSet):
    """Filters of the list of assignments."""

    course_id = django_filters.UUIDFilter(field_name="course_id")
    lesson_id = django_filters.UUIDFilter(field_name="lesson_id")

    class Meta:
        model = Assignment
        fields: list[str] = []


class AssignmentViewSet(IdempotentMixin, ScopedMixin, viewsets.ModelViewSet[Assignment]):
    """Assignments of the courses that the user is enrolled in or teaches."""

    queryset = Assignment.objects.all()
    serializer_class = AssignmentSerializer
    filterset_class = AssignmentFilter
    lookup_url_kwarg = "assignment_id"
    visible_is_enough = ("submit",)

    def get_permissions(self) -> list[Any]:
        """Return the permissions: any user may submit, only instructors and admins may write."""
        return [IsAuthenticated()] if self.action == "submit" else [IsAuthenticated(), TeachesOrReads()]

    def get_queryset(self) -> QuerySet[Assignment]:
        """Return the visible assignments with their files."""
        return super().get_queryset().select_related("course").prefetch_related("files__file")

    @extend_schema(request=AssignmentWriteSerializer, responses={201: AssignmentSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create an assignment; it is published unless `is_published` is false."""
        serializer = AssignmentWriteSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        course = editable_or_403(Course.objects.all(), request.user, pk=fields.pop("course").pk)
        assignment = services.create_assignment(actor=signed_in(request), course=course, **fields)
        return Response(self.get_serializer(assignment).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=AssignmentWriteSerializer(partial=True), responses=AssignmentSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Update the fields in the body; other fields do not change. 409 `points_below_grades`."""
        assignment = self.get_object()
        context = self.get_serializer_context()
        serializer = AssignmentWriteSerializer(assignment, data=request.data, partial=True, context=context)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        updated = services.update_assignment(actor=signed_in(request), assignment=assignment, **fields)
        return Response(self.get_serializer(updated).data)

    @extend_schema(request=AssignmentWriteSerializer(partial=True), responses=AssignmentSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Update the fields in the body; same as PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Assignment) -> None:
        """Delete an assignment; 409 `has_submissions` if it has submissions."""
        services.delete_assignment(actor=signed_in(self.request), assignment=instance)

    def get_parsers(self) -> list[Any]:
        """Return the parsers: only `submit` accepts multipart bodies with files."""
        accepts_files = getattr(self, "action_map", {}).get("post") == "submit"
        return [StrictJSONParser(), MultiPartParser()] if accepts_files else [StrictJSONParser()]

    @extend_schema(
        request={"application/json": SubmitSerializer, "multipart/form-data": SubmitSerializer},
        responses={201: SubmissionSerializer},
    )
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, assignment_id: str) -> Response:
        """Submit a version: 201; 409 `past_due`, `already_graded`, `no_attempts_left`; 404 for files of other users."""
        assignment = self.get_object()
        data = request.data
        uploads = received_files(request) if request.content_type.startswith("multipart/") else []
        serializer = SubmitSerializer(data=_without_files(data))
        serializer.is_valid(raise_exception=True)
        fields = serializer.validated_data
        submission = assignment_submissions.submit(
            actor=signed_in(request),
            assignment=assignment,
            content=fields["content"],
            text_format=fields["format"],
            uploads=uploads,
            file_ids=fields["file_ids"],
        )
        response_data = SubmissionSerializer(submission, context=self.get_serializer_context())
        return Response(response_data.data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="assignments_submissions_of_one", responses=SubmissionSerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=None)
    def submissions(self, request: Request, assignment_id: str) -> Response:
        """Return all submissions, newest first, to instructors. Students use `/assignments/submissions/`."""
        assignment = editable_or_403(Assignment.objects.all(), request.user, pk=assignment_id)
        rows = Submission.objects.all().visible_to(request.user).filter(assignment=assignment)
        page: Any = self.paginate_queryset(rows.prefetch_related("files__file"))  # type: ignore[arg-type]  # of another model
        page_data = SubmissionSerializer(page, many=True, context=self.get_serializer_context())
        return self.get_paginated_response(page_data.data)

    @extend_schema(request=None, responses=ReleasedSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, assignment_id: str) -> Response:
        """Release the grades that students cannot see yet."""
        released = grading.release_grades(actor=signed_in(request), assignment=self.get_object())
        return Response({"released": released})


def _without_files(data: Any) -> Any:
    """Return the fields of a body without `file`, which the upload handlers read."""
    if not hasattr(data, "getlist"):
        return data
    fields: dict[str, Any] = {name: data.get(name) for name in ("content", "format") if name in data}
    if "file_ids" in data:
        fields["file_ids"] = data.getlist("file_ids")
    return fields


class SubmissionFilter(django_filters.FilterSet):
    """Filters of the list of submissions."""

    assignment_id = django_filters.UUIDFilter(field_name="assignment_id")
    course_id = django_filters.UUIDFilter(field_name="assignment__course_id")

    class Meta:
        model = Submission
        fields: list[str] = []


class SubmissionViewSet(
    ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Submission]
):
    """Submissions, newest first: a student's own, or those that the user may grade."""

    queryset = Submission.objects.all()
    serializer_class = SubmissionDetailSerializer
    filterset_class = SubmissionFilter
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "submission_id"

    def get_queryset(self) -> QuerySet[Submission]:
        """Return the visible submissions with their files; for a single submission, with its grading history."""
        rows = super().get_queryset().select_related("assignment").prefetch_related("files__file")
        return rows if self.action == "list" else rows.prefetch_related("grade_changes")

    def get_serializer_class(self) -> type[SubmissionSerializer]:
        """Return the serializer: only a single submission includes the grading history."""
        return SubmissionSerializer if self.action == "list" else SubmissionDetailSerializer

    @extend_schema(request=GradeSerializer, responses=SubmissionDetailSerializer)
    @action(detail=True, methods=["post"])
    def grade(self, request: Request, submission_id: str) -> Response:
        """Grade or regrade a submission: 200; 400 outside 0..points; 409 `graded_meanwhile` or `superseded`."""
        submission = self.get_object()
        serializer = GradeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        grading.grade_submission(actor=signed_in(request), submission=submission, **serializer.validated_data)
        return Response(self.get_serializer(self.get_queryset().get(pk=submission.pk)).data)
