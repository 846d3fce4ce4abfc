"""`/courses/*`, their lessons, and `/categories/` of the API."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import TeachesOrReads, signed_in
from courses import services
from courses.filters import CourseFilter
from courses.models import Category, Course, Lesson
from courses.public_pages import PublicPageMixin
from courses.serializers import (
    CategorySerializer,
    CourseDetailSerializer,
    CourseSerializer,
    CourseWriteSerializer,
    LessonWithFilesSerializer,
    LessonWriteSerializer,
    ReorderSerializer,
)
from lms.lib.errors import error_body
from lms.lib.scoping import ScopedMixin, editable_or_403, visible_or_404


def saved(write: Any, **fields: Any) -> Any:
    """Return what a service saves, with the model's validation errors as the API's."""
    try:
        return write(**fields)
    except ValidationError as error:
        raise serializers.ValidationError(serializers.as_serializer_error(error)) from error


def expected_version(request: Request) -> int | None:
    """Return the version that `If-Match` names, `"3"` for one; None without the header or with `*`."""
    named = request.headers.get("If-Match", "*").removeprefix("W/").strip('" ')
    if named == "*":
        return None
    if not (named.isascii() and named.isdigit() and len(named) < 10):
        raise serializers.ValidationError({"version": 'If-Match takes a version, as in "3".'})
    return int(named)


def conflicting(error: services.EditConflictError, request: Request, current: Any) -> Response:
    """Return the 409 of two people who wrote at once: the usual shape, with both texts beside it."""
    body = error_body("client_error", error.code, str(error.detail), "version")
    texts = {"current_version": error.current.version, "current": current, "sent": request.data}
    return Response({**body, "conflict": texts}, status=status.HTTP_409_CONFLICT)


class CategoryViewSet(PublicPageMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Category]):
    """The subjects of the catalogue."""

    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    permission_classes = (AllowAny,)


class CourseViewSet(PublicPageMixin, ScopedMixin, viewsets.ModelViewSet[Course]):
    """Courses: the catalogue for everybody, writing for their instructor and admins."""

    queryset = Course.objects.all()
    serializer_class = CourseSerializer
    filterset_class = CourseFilter
    permission_classes = (IsAuthenticatedOrReadOnly, TeachesOrReads)
    lookup_url_kwarg = "course_id"

    def get_queryset(self) -> QuerySet[Course]:
        """Return the visible courses with what a card shows; one course, with its visible lessons."""
        courses = super().get_queryset().for_cards()
        if self.action == "list":
            return courses
        lessons = Lesson.objects.visible_to(self.request.user)
        return courses.prefetch_related(Prefetch("lessons", lessons, to_attr="shown_lessons"))

    @extend_schema(responses=CourseDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One course with its lessons; their text only where they are open to the caller."""
        return self._detail(self.get_object())

    @extend_schema(request=CourseWriteSerializer, responses={201: CourseDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin a course: a draft of the caller."""
        shape = CourseWriteSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        shape.validated_data.pop("version", None)
        course = saved(services.create_course, actor=signed_in(request), **shape.validated_data)
        return self._detail(self.get_queryset().get(pk=course.pk), status.HTTP_201_CREATED)

    @extend_schema(request=CourseWriteSerializer(partial=True), responses=CourseDetailSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what the body names; leave the rest. 409 `edit_conflict` when `version` (or If-Match) is stale."""
        course = self.get_object()
        shape = CourseWriteSerializer(course, data=request.data, partial=True)
        shape.is_valid(raise_exception=True)
        fields = {"version": expected_version(request), **shape.validated_data}
        try:
            saved(services.update_course, actor=signed_in(request), course=course, **fields)
        except services.EditConflictError as error:
            return conflicting(error, request, self._detail(self.get_queryset().get(pk=course.pk)).data)
        return self._detail(self.get_queryset().get(pk=course.pk))

    @extend_schema(request=CourseWriteSerializer(partial=True), responses=CourseDetailSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """As PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Course) -> None:
        """Delete a course without enrolments; 409 `has_enrollments` otherwise."""
        services.delete_course(actor=signed_in(self.request), course=instance)

    @extend_schema(request=None, responses=CourseDetailSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, course_id: str) -> Response:
        """Put the course into the catalogue; 409 `nothing_to_publish` without a published lesson."""
        course = services.publish_course(actor=signed_in(request), course=self.get_object())
        return self._detail(self.get_queryset().get(pk=course.pk))

    @extend_schema(request=None, responses=CourseDetailSerializer)
    @action(detail=True, methods=["post"])
    def unpublish(self, request: Request, course_id: str) -> Response:
        """Take the course out of the catalogue; its enrolments stay."""
        course = services.unpublish_course(actor=signed_in(request), course=self.get_object())
        return self._detail(self.get_queryset().get(pk=course.pk))

    def _detail(self, course: Course, status_code: int = status.HTTP_200_OK) -> Response:
        context = {**self.get_serializer_context(), "open": course.is_open_to(self.request.user)}
        return Response(CourseDetailSerializer(course, context=context).data, status=status_code)


class LessonViewSet(ScopedMixin, viewsets.ModelViewSet[Lesson]):
    """The lessons of one course, in order."""

    queryset = Lesson.objects.all()
    serializer_class = LessonWithFilesSerializer
    permission_classes = (IsAuthenticatedOrReadOnly, TeachesOrReads)
    lookup_url_kwarg = "lesson_id"

    def get_queryset(self) -> QuerySet[Lesson]:
        """Return the visible lessons of the course that the path names; 404 when that is not visible itself."""
        lessons = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return lessons
        return lessons.filter(course=self.course).select_related("course").prefetch_related("files__file")

    @property
    def course(self) -> Course:
        """The course that the path names, if the caller may see it."""
        if not hasattr(self, "_course"):
            self._course = visible_or_404(Course.objects.all(), self.request.user, pk=self.kwargs["course_id"])
        return self._course

    def get_serializer_context(self) -> dict[str, Any]:
        """Add whether the course is open to the caller."""
        context = dict(super().get_serializer_context())
        if not getattr(self, "swagger_fake_view", False):
            context["open"] = self.course.is_open_to(self.request.user)
        return context

    @extend_schema(request=LessonWriteSerializer, responses={201: LessonWithFilesSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Append a lesson."""
        course = self._editable_course()
        fields = self._fields(request, course)
        fields.pop("version", None)
        lesson = saved(services.add_lesson, actor=signed_in(request), course=course, **fields)
        return Response(self.get_serializer(lesson).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=LessonWriteSerializer(partial=True), responses=LessonWithFilesSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change what the body names; leave the rest. 409 `edit_conflict` when `version` (or If-Match) is stale."""
        lesson = self.get_object()
        fields = {"version": expected_version(request), **self._fields(request, lesson.course, lesson)}
        try:
            changed = saved(services.update_lesson, actor=signed_in(request), lesson=lesson, **fields)
        except services.EditConflictError as error:
            return conflicting(error, request, self.get_serializer(error.current).data)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=LessonWriteSerializer(partial=True), responses=LessonWithFilesSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """As PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Lesson) -> None:
        """Delete the lesson."""
        services.delete_lesson(actor=signed_in(self.request), lesson=instance)

    @extend_schema(request=ReorderSerializer, responses=LessonWithFilesSerializer(many=True))
    @action(detail=False, methods=["post"], pagination_class=None)
    def reorder(self, request: Request, course_id: str) -> Response:
        """Put the lessons into the order of `lesson_ids`, the whole list."""
        course = self._editable_course()
        shape = ReorderSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        lessons = services.reorder_lessons(actor=signed_in(request), course=course, **shape.validated_data)
        return Response(self.get_serializer(lessons, many=True).data)

    def _editable_course(self) -> Course:
        return editable_or_403(Course.objects.all(), self.request.user, pk=self.kwargs["course_id"])

    def _fields(self, request: Request, course: Course, lesson: Lesson | None = None) -> dict[str, Any]:
        shape = LessonWriteSerializer(lesson, data=request.data, partial=lesson is not None, context={"course": course})
        shape.is_valid(raise_exception=True)
        return dict(shape.validated_data)
