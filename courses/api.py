"""API views of `/courses/*`, their lessons, and `/categories/`."""

import re
from functools import cached_property, partial
from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import TeachesOrReads, signed_in
from core.access.scopes import ScopedMixin, editable_or_403, visible_or_404
from core.http.errors import error_body
from courses import ownership, services
from courses.filters import CourseFilter
from courses.models import Category, Course, Lesson
from courses.public_cache import PublicPageMixin, compute_versioned_etag
from courses.serializers import (
    CategorySerializer,
    CourseDetailSerializer,
    CourseSerializer,
    CourseWriteSerializer,
    LessonWithFilesSerializer,
    LessonWriteSerializer,
    ReorderSerializer,
    TransferSerializer,
)

# A version, as in the JSON, or an ETag of VersionedMixin, also if a proxy appended the name of a compression.
VERSION_ETAG = re.compile(r'(?:W/)?"?([0-9]{1,9})(?:-[\w-]*)?"?')


class VersionedMixin:
    """Send the version of an object in its ETag, so that a client can return the ETag in `If-Match`."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the response; if it shows an object with a version, it gets the ETag when it is rendered."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
        version = response.data.get("version") if isinstance(getattr(response, "data", None), dict) else None
        if version is not None and status.is_success(response.status_code):
            response.add_post_render_callback(partial(_set_etag, version=version))
        return response


def _set_etag(response: Response, version: int) -> None:
    response["ETag"] = compute_versioned_etag(response.content, version)


def parse_if_match(request: Request, current_version: int) -> int | None:
    """Return the version that the `If-Match` header requires; None without the header or for `*` (RFC 9110, 13.1.1).

    Of a list, it is the current version if the list has it. Weak ETags count as well, because compression makes an ETag
    weak. Raises ValidationError if no ETag of the list contains a version.
    """
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None
    versions = [int(found[1]) for tag in header.split(",") if (found := VERSION_ETAG.fullmatch(tag.strip()))]
    if not versions:
        raise serializers.ValidationError({"version": 'Send an ETag or a version in If-Match, such as "3".'})
    return current_version if current_version in versions else versions[0]


def conflict_response(error: services.EditConflictError, request: Request, current: Any) -> Response:
    """Return the 409 of an edit conflict: the usual error body plus the current and the submitted data."""
    body = error_body("client_error", error.code, str(error.detail), "version")
    conflict = {"current_version": error.current.version, "current": current, "sent": request.data}
    return Response({**body, "conflict": conflict}, status=status.HTTP_409_CONFLICT)


class CategoryViewSet(PublicPageMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Category]):
    """The categories of the catalog, which the UI calls subjects."""

    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    permission_classes = (AllowAny,)


class CourseViewSet(PublicPageMixin, VersionedMixin, ScopedMixin, viewsets.ModelViewSet[Course]):
    """Courses: public read access; write access for their instructor and admins."""

    queryset = Course.objects.all()
    serializer_class = CourseSerializer
    filterset_class = CourseFilter
    permission_classes = (IsAuthenticatedOrReadOnly, TeachesOrReads)
    lookup_url_kwarg = "course_id"

    def get_queryset(self) -> QuerySet[Course]:
        """Return the visible courses for cards; for a single course, with its visible lessons."""
        courses = super().get_queryset().for_cards()
        if self.action == "list":
            return courses
        lessons = Lesson.objects.visible_to(self.request.user)
        return courses.prefetch_related(Prefetch("lessons", lessons, to_attr="visible_lessons"))

    @extend_schema(responses=CourseDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a course with its lessons. The text of a lesson is null unless it is open to the user."""
        return self._detail_response(self.get_object())

    @extend_schema(request=CourseWriteSerializer, responses={201: CourseDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create a course as a draft of the current user."""
        serializer = CourseWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.validated_data.pop("version", None)
        course = services.create_course(actor=signed_in(request), **serializer.validated_data)
        return self._detail_response(self.get_queryset().get(pk=course.pk), status.HTTP_201_CREATED)

    @extend_schema(request=CourseWriteSerializer(partial=True), responses=CourseDetailSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Update the fields in the body; other fields do not change.

        409 `edit_conflict` if `version` or If-Match is not the current version.
        """
        course = self.get_object()
        serializer = CourseWriteSerializer(course, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        fields = {"version": parse_if_match(request, course.version), **serializer.validated_data}
        try:
            services.update_course(actor=signed_in(request), course=course, **fields)
        except services.EditConflictError as error:
            return conflict_response(error, request, self._detail_response(self.get_queryset().get(pk=course.pk)).data)
        return self._detail_response(self.get_queryset().get(pk=course.pk))

    @extend_schema(request=CourseWriteSerializer(partial=True), responses=CourseDetailSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Update the fields in the body; same as PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Course) -> None:
        """Delete a course; 409 `has_enrollments` if it has enrollments."""
        services.delete_course(actor=signed_in(self.request), course=instance)

    @extend_schema(request=None, responses=CourseDetailSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, course_id: str) -> Response:
        """Publish a course; 409 `nothing_to_publish` without a published lesson."""
        course = services.publish_course(actor=signed_in(request), course=self.get_object())
        return self._detail_response(self.get_queryset().get(pk=course.pk))

    @extend_schema(request=None, responses=CourseDetailSerializer)
    @action(detail=True, methods=["post"])
    def unpublish(self, request: Request, course_id: str) -> Response:
        """Unpublish a course. Its enrollments remain."""
        course = services.unpublish_course(actor=signed_in(request), course=self.get_object())
        return self._detail_response(self.get_queryset().get(pk=course.pk))

    @extend_schema(request=TransferSerializer, responses=CourseSerializer)
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, course_id: str) -> Response:
        """Hand the course over to another instructor; 409 `not_an_instructor` if the user is none."""
        course = self.get_object()
        serializer = TransferSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        to = serializer.validated_data["user_id"]
        course = ownership.transfer_course(actor=signed_in(request), course=course, to=to)
        return Response(
            CourseSerializer(Course.objects.for_cards().get(pk=course.pk), context={"request": request}).data
        )

    def _detail_response(self, course: Course, status_code: int = status.HTTP_200_OK) -> Response:
        context = {**self.get_serializer_context(), "open": course.is_open_to(self.request.user)}
        return Response(CourseDetailSerializer(course, context=context).data, status=status_code)


class LessonViewSet(VersionedMixin, ScopedMixin, viewsets.ModelViewSet[Lesson]):
    """The lessons of a course, in order."""

    queryset = Lesson.objects.all()
    serializer_class = LessonWithFilesSerializer
    permission_classes = (IsAuthenticatedOrReadOnly, TeachesOrReads)
    lookup_url_kwarg = "lesson_id"

    def get_queryset(self) -> QuerySet[Lesson]:
        """Return the visible lessons of the course in the path; raise Http404 if the course is not visible."""
        lessons = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return lessons
        return lessons.filter(course=self.course).select_related("course").prefetch_related("files__file")

    @cached_property
    def course(self) -> Course:
        """Return the course in the path; raise Http404 if it is not visible to the user."""
        return visible_or_404(Course.objects.all(), self.request.user, pk=self.kwargs["course_id"])

    def get_serializer_context(self) -> dict[str, Any]:
        """Add `open`: whether all lessons of the course are open to the user."""
        context = dict(super().get_serializer_context())
        if not getattr(self, "swagger_fake_view", False):
            context["open"] = self.course.is_open_to(self.request.user)
        return context

    @extend_schema(request=LessonWriteSerializer, responses={201: LessonWithFilesSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Append a lesson to a course."""
        course = self._editable_course()
        fields = self._validate(request, course)
        fields.pop("version", None)
        lesson = services.add_lesson(actor=signed_in(request), course=course, **fields)
        return Response(self.get_serializer(lesson).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=LessonWriteSerializer(partial=True), responses=LessonWithFilesSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Update the fields in the body; other fields do not change.

        409 `edit_conflict` if `version` or If-Match is not the current version.
        """
        lesson = self.get_object()
        validated = self._validate(request, lesson.course, lesson)
        fields = {"version": parse_if_match(request, lesson.version), **validated}
        try:
            changed = services.update_lesson(actor=signed_in(request), lesson=lesson, **fields)
        except services.EditConflictError as error:
            return conflict_response(error, request, self.get_serializer(error.current).data)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=LessonWriteSerializer(partial=True), responses=LessonWithFilesSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Update the fields in the body; same as PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Lesson) -> None:
        """Delete a lesson."""
        services.delete_lesson(actor=signed_in(self.request), lesson=instance)

    @extend_schema(request=ReorderSerializer, responses=LessonWithFilesSerializer(many=True))
    @action(detail=False, methods=["post"], pagination_class=None)
    def reorder(self, request: Request, course_id: str) -> Response:
        """Set the order of all lessons of a course."""
        course = self._editable_course()
        serializer = ReorderSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        lessons = services.reorder_lessons(actor=signed_in(request), course=course, **serializer.validated_data)
        return Response(self.get_serializer(lessons, many=True).data)

    def _editable_course(self) -> Course:
        return editable_or_403(Course.objects.all(), self.request.user, pk=self.kwargs["course_id"])

    def _validate(self, request: Request, course: Course, lesson: Lesson | None = None) -> dict[str, Any]:
        serializer = LessonWriteSerializer(
            lesson, data=request.data, partial=lesson is not None, context={"course": course}
        )
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
