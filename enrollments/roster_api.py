"""API of the roster of a course (`/courses/{id}/enrollments/`), of its imports and of its join links."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import signed_in
from core.access.scopes import ScopedMixin, editable_or_403
from core.http.idempotency import IdempotentMixin
from courses.models import Course
from enrollments import bulk_enrollment, join_links, roster, roster_import
from enrollments.filters import RosterFilter
from enrollments.final_grades import get_final_grades
from enrollments.models import Enrollment, JoinLink, RosterImport
from enrollments.roster_serializers import (
    AddStudentSerializer,
    ImportFileSerializer,
    InvitationSerializer,
    InvitedSerializer,
    JoinLinkSerializer,
    RosterImportReportSerializer,
    RosterRowSerializer,
    UndoReportSerializer,
)
from files.upload_handlers import received_files


class OfCourseMixin(IdempotentMixin):
    """View mixin for the rows of a course that only editors of the course may see."""

    kwargs: dict[str, Any]

    @cached_property
    def course(self) -> Course:
        """Course of the URL; raise Http404 or PermissionDenied unless the user may edit it."""
        user = self.request.user  # type: ignore[attr-defined]  # the view behind the mixin
        return editable_or_403(Course.objects.all(), user, pk=self.kwargs["course_id"])


class RosterViewSet(OfCourseMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Enrollment]):
    """Students of a course, for its editors."""

    queryset = Enrollment.objects.all()
    serializer_class = RosterRowSerializer
    permission_classes = (IsAuthenticated,)
    filterset_class = RosterFilter

    def get_queryset(self) -> QuerySet[Enrollment]:
        """Return the enrollments of the course, including ended ones, newest first."""
        if getattr(self, "swagger_fake_view", False):
            return Enrollment.objects.none()
        return Enrollment.objects.for_roster(self.course)

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return the serializer with the final grades of its rows. Two queries."""
        rows = list(args[0]) if kwargs.get("many") else list(args)
        graded = get_final_grades(rows) if rows else []
        grades = {enrollment.pk: grade.percent for enrollment, grade in graded}
        kwargs["context"] = {**self.get_serializer_context(), "final_grades": grades}
        return RosterRowSerializer(*args, **kwargs)

    @extend_schema(
        request=AddStudentSerializer,
        responses={200: RosterRowSerializer, 201: RosterRowSerializer, 202: InvitedSerializer},
    )
    def create(self, request: Request, course_id: str) -> Response:
        """Add a student by account or email address, without payment.

        Return 201; 200 for a student of the course; 202 with the invitation of an address without an account; 404
        `unknown_user`; 409 `account_closed`, `not_published`, `own_course`; 429 `too_many_mails`. A student who was
        removed is readmitted.
        """
        serializer = AddStudentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = serializer.validated_data
        user = roster.find_user(fields["user_id"]) if "user_id" in fields else None
        added = roster.add_student(
            actor=signed_in(request), course=self.course, user=user, email=fields.get("email", "")
        )
        if added.enrollment is None:
            body = {"status": "invited", "invitation": InvitationSerializer(added.invitation).data}
            return Response(body, status=status.HTTP_202_ACCEPTED)
        row = self.get_queryset().get(pk=added.enrollment.pk)
        code = status.HTTP_201_CREATED if added.is_new else status.HTTP_200_OK
        return Response(self.get_serializer(row).data, status=code)

    @extend_schema(
        request={"multipart/form-data": ImportFileSerializer},
        responses={200: RosterImportReportSerializer, 422: RosterImportReportSerializer},
    )
    @action(detail=False, methods=["post"], filterset_class=None)
    def import_file(self, request: Request, course_id: str) -> Response:
        """Import students from a CSV file, all or none.

        Return 200 with the report; 422 with the errors of all lines, and nothing is written; 409 `not_published`; 413
        `too_large`; 429 `too_many_mails`.
        """
        course, data = self.course, request.data
        received_files(request)  # raises the error of an upload that was stopped while it arrived
        serializer = ImportFileSerializer(data=data)
        serializer.is_valid(raise_exception=True)
        fields, actor = serializer.validated_data, signed_in(request)
        preview = roster_import.preview(fields["file"].read())
        if fields["dry_run"]:
            plan = bulk_enrollment.plan_import(actor=actor, course=course, preview=preview)
        else:
            plan = bulk_enrollment.import_students(actor=actor, course=course, preview=preview, notify=fields["notify"])
        report = RosterImportReportSerializer(plan).data
        if plan.errors:
            return Response({"type": "validation_error", **report}, status=status.HTTP_422_UNPROCESSABLE_ENTITY)
        return Response(report)


class RosterImportViewSet(ScopedMixin, IdempotentMixin, viewsets.GenericViewSet[RosterImport]):
    """Imports of students."""

    queryset = RosterImport.objects.all()
    serializer_class = UndoReportSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "import_id"

    @extend_schema(request=None, responses=UndoReportSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, import_id: str) -> Response:
        """End the enrollments and withdraw the invitations that an import made, within 24 hours.

        Students who have worked since stay, and are listed in `kept`. Return 200, also for a repeat; 409
        `undo_expired`.
        """
        report = bulk_enrollment.undo_import(actor=signed_in(request), roster_import=self.get_object())
        return Response(UndoReportSerializer(report).data)


class JoinLinkViewSet(
    OfCourseMixin, mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[JoinLink]
):
    """Join links of a course, for its editors."""

    queryset = JoinLink.objects.all()
    serializer_class = JoinLinkSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "link_id"

    def get_queryset(self) -> QuerySet[JoinLink]:
        """Return the links of the course that were not turned off, newest first."""
        if getattr(self, "swagger_fake_view", False):
            return JoinLink.objects.none()
        return JoinLink.objects.unrevoked().filter(course=self.course)

    @extend_schema(responses={201: JoinLinkSerializer})
    def create(self, request: Request, course_id: str) -> Response:
        """Create a join link. Return 201; 400 `expires_in_the_past`; 409 `too_many_links`."""
        course = self.course
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        link = join_links.create_join_link(actor=signed_in(request), course=course, **serializer.validated_data)
        return Response(self.get_serializer(link).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: JoinLink) -> None:
        """Turn off the link. Students who joined stay."""
        join_links.revoke_join_link(actor=signed_in(self.request), link=instance)
