"""`/assignments/*` of the API."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import TeachesOrReads, signed_in
from assignments import grading, handing_in, services
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
from courses.models import Course
from files.uploading import received
from lms.lib.parsing import StrictJSONParser
from lms.lib.scoping import ScopedMixin, editable_or_403
from lms.platform.idempotency import IdempotentMixin


class AssignmentFilter(django_filters.FilterSet):
    """Filters of the list of assignments."""

    course_id = django_filters.UUIDFilter(field_name="course_id")
    lesson_id = django_filters.UUIDFilter(field_name="lesson_id")

    class Meta:
        model = Assignment
        fields: list[str] = []


def saved(write: Callable[..., Assignment], **fields: Any) -> Assignment:
    """Return what a service makes; raise rest_framework's ValidationError for what does not fit."""
    try:
        return write(**fields)
    except ValidationError as error:
        raise serializers.ValidationError(serializers.as_serializer_error(error)) from error


class AssignmentViewSet(IdempotentMixin, ScopedMixin, viewsets.ModelViewSet[Assignment]):
    """Assignments of the courses that the caller learns in or teaches."""

    queryset = Assignment.objects.all()
    serializer_class = AssignmentSerializer
    filterset_class = AssignmentFilter
    lookup_url_kwarg = "assignment_id"
    visible_is_enough = ("submit",)

    def get_permissions(self) -> list[Any]:
        """Return who may do what: students hand in, whoever teaches does the rest."""
        return [IsAuthenticated()] if self.action == "submit" else [IsAuthenticated(), TeachesOrReads()]

    def get_queryset(self) -> QuerySet[Assignment]:
        """Return the visible assignments with what stands beside their briefs."""
        return super().get_queryset().select_related("course").prefetch_related("files__file")

    @extend_schema(request=AssignmentWriteSerializer, responses={201: AssignmentSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create an assignment; it is published unless `is_published` is false."""
        shape = AssignmentWriteSerializer(data=request.data, context=self.get_serializer_context())
        shape.is_valid(raise_exception=True)
        fields = dict(shape.validated_data)
        course = editable_or_403(Course.objects.all(), request.user, pk=fields.pop("course").pk)
        made = saved(services.create_assignment, actor=signed_in(request), course=course, **fields)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=AssignmentWriteSerializer(partial=True), responses=AssignmentSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what the body names; leave the rest. 409 `points_below_grades`."""
        assignment = self.get_object()
        context = self.get_serializer_context()
        shape = AssignmentWriteSerializer(assignment, data=request.data, partial=True, context=context)
        shape.is_valid(raise_exception=True)
        fields = dict(shape.validated_data)
        changed = saved(services.update_assignment, actor=signed_in(request), assignment=assignment, **fields)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=AssignmentWriteSerializer(partial=True), responses=AssignmentSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """As PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Assignment) -> None:
        """Delete an assignment; 409 `has_submissions` once somebody has handed in."""
        services.delete_assignment(actor=signed_in(self.request), assignment=instance)

    def get_parsers(self) -> list[Any]:
        """Return how bodies are read: handing in also takes files."""
        takes_files = getattr(self, "action_map", {}).get("post") == "submit"
        return [StrictJSONParser(), MultiPartParser()] if takes_files else [StrictJSONParser()]

    @extend_schema(
        request={"application/json": SubmitSerializer, "multipart/form-data": SubmitSerializer},
        responses={201: SubmissionSerializer},
    )
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, assignment_id: str) -> Response:
        """Hand in: 201; 409 `past_due`, `already_graded` or `no_attempts_left`; 404 for a foreign file."""
        assignment = self.get_object()
        data = request.data
        uploads = received(request._request) if request.content_type.startswith("multipart/") else []
        shape = SubmitSerializer(data=_without_files(data))
        shape.is_valid(raise_exception=True)
        fields = shape.validated_data
        made = handing_in.submit(
            actor=signed_in(request),
            assignment=assignment,
            content=fields["content"],
            uploads=uploads,
            file_ids=fields["file_ids"],
        )
        answer = SubmissionSerializer(made, context=self.get_serializer_context())
        return Response(answer.data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="assignments_submissions_of_one", responses=SubmissionSerializer(many=True))
    @action(detail=True, methods=["get"])
    def submissions(self, request: Request, assignment_id: str) -> Response:
        """Everybody's submissions, newest first, for who teaches; a student's own: `/assignments/submissions/`."""
        assignment = editable_or_403(Assignment.objects.all(), request.user, pk=assignment_id)
        rows = Submission.objects.all().visible_to(request.user).filter(assignment=assignment)
        page: Any = self.paginate_queryset(rows.prefetch_related("files__file"))  # type: ignore[arg-type]  # of another model
        answer = SubmissionSerializer(page, many=True, context=self.get_serializer_context())
        return self.get_paginated_response(answer.data)

    @extend_schema(request=None, responses=ReleasedSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, assignment_id: str) -> Response:
        """Show students the grades that were held back."""
        released = grading.release_grades(actor=signed_in(request), assignment=self.get_object())
        return Response({"released": released})


def _without_files(data: Any) -> Any:
    """Return a body's plain fields; what came as `file` is read by the upload handlers."""
    if not hasattr(data, "getlist"):
        return data
    plain: dict[str, Any] = {name: data.get(name) for name in ("content",) if name in data}
    if "file_ids" in data:
        plain["file_ids"] = data.getlist("file_ids")
    return plain


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
    """Submissions, newest first: for their author, and for who grades them."""

    queryset = Submission.objects.all()
    serializer_class = SubmissionDetailSerializer
    filterset_class = SubmissionFilter
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "submission_id"

    def get_queryset(self) -> QuerySet[Submission]:
        """Return the visible submissions with their files; beside a single one stand its gradings."""
        rows = super().get_queryset().select_related("assignment").prefetch_related("files__file")
        return rows if self.action == "list" else rows.prefetch_related("grade_changes")

    def get_serializer_class(self) -> type[SubmissionSerializer]:
        """Return the shape of an answer: the history of the grades stands beside one submission."""
        return SubmissionSerializer if self.action == "list" else SubmissionDetailSerializer

    @extend_schema(request=GradeSerializer, responses=SubmissionDetailSerializer)
    @action(detail=True, methods=["post"])
    def grade(self, request: Request, submission_id: str) -> Response:
        """Grade: 200; 400 outside 0..points; 409 `graded_meanwhile` or `superseded`. A grade may be changed."""
        submission = self.get_object()
        shape = GradeSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        grading.grade_submission(actor=signed_in(request), submission=submission, **shape.validated_data)
        return Response(self.get_serializer(self.get_queryset().get(pk=submission.pk)).data)
