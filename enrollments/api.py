"""`/enrollments/*` and the reviews of courses, of the API."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import signed_in
from courses.models import Course, Lesson
from enrollments import explaining, reviewing, services
from enrollments.final_grades import grades_of
from enrollments.models import Enrollment, Review
from enrollments.serializers import (
    EnrollmentSerializer,
    EnrollSerializer,
    ExplanationSerializer,
    FinalGradeSerializer,
    ProgressSerializer,
    ProgressWriteSerializer,
    ReplySerializer,
    ReportSerializer,
    ReviewSerializer,
    progress_answer,
)
from lms.lib.scoping import SAFE_METHODS, ScopedMixin, visible_or_404
from lms.platform.idempotency import IdempotentMixin


class EnrollmentViewSet(
    IdempotentMixin,
    ScopedMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Enrollment],
):
    """The caller's enrolments; an admin may look at any."""

    queryset = Enrollment.objects.all()
    serializer_class = EnrollmentSerializer
    permission_classes = (IsAuthenticated,)
    answers_also = (402,)
    lookup_url_kwarg = "enrollment_id"

    def get_queryset(self) -> QuerySet[Enrollment]:
        """Return the visible enrolments with their progress; the list is of one's own."""
        if self.action == "list":
            return Enrollment.objects.filter(user=signed_in(self.request)).for_rows()
        return super().get_queryset().with_progress().with_next_lesson().select_related("course")

    @extend_schema(request=EnrollSerializer, responses={201: EnrollmentSerializer})
    def create(self, request: Request) -> Response:
        """Enrol: 201; 402 `payment_required`; 409 `already_enrolled`; 404 for a draft."""
        shape = EnrollSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        course = visible_or_404(Course.objects.published(), request.user, pk=shape.validated_data["course_id"])
        payment_id = shape.validated_data.get("payment_id")
        made = services.enroll(actor=signed_in(request), user=signed_in(request), course=course, payment_id=payment_id)
        return Response(self.get_serializer(self.get_queryset().get(pk=made.pk)).data, status=status.HTTP_201_CREATED)

    @extend_schema(methods=["PUT", "PATCH"], request=ProgressWriteSerializer, responses=EnrollmentSerializer)
    @extend_schema(methods=["GET"], responses=ProgressSerializer)
    @action(detail=True, methods=["get", "put", "patch"])
    def progress(self, request: Request, enrollment_id: str) -> Response:
        """How far the enrolment is, lesson by lesson; or note what was done of a lesson."""
        enrollment = self.get_object()
        if request.method in SAFE_METHODS:
            lessons = list(Lesson.objects.published().filter(course=enrollment.course))
            answer = progress_answer(enrollment, list(enrollment.lesson_progress.all()), lessons)
            return Response(ProgressSerializer(answer).data)
        shape = ProgressWriteSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        noted = services.complete_lesson(actor=signed_in(request), enrollment=enrollment, **shape.validated_data)
        return Response(self.get_serializer(noted).data)

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True, methods=["get"])
    def explain(self, request: Request, enrollment_id: str) -> Response:
        """Why the progress is what it is: the lessons that count, and what completion still needs."""
        return Response(ExplanationSerializer(explaining.explain(enrollment=self.get_object())).data)

    @extend_schema(responses=FinalGradeSerializer)
    @action(detail=True, methods=["get"])
    def grades(self, request: Request, enrollment_id: str) -> Response:
        """The grades of the course, the final one so far, and where it comes from."""
        return Response(FinalGradeSerializer(grades_of(self.get_object())).data)

    @extend_schema(request=None, responses=EnrollmentSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, enrollment_id: str) -> Response:
        """Complete the course; 409 `requirements_not_met` with what is missing. A repeat answers 200, too."""
        done = services.complete_course(actor=signed_in(request), enrollment=self.get_object())
        return Response(self.get_serializer(done).data)


class ReviewViewSet(ScopedMixin, viewsets.ModelViewSet[Review]):
    """The reviews of one course."""

    queryset = Review.objects.all()
    serializer_class = ReviewSerializer
    permission_classes = (IsAuthenticatedOrReadOnly,)
    lookup_url_kwarg = "review_id"
    visible_is_enough = ("reply", "report")

    def get_queryset(self) -> QuerySet[Review]:
        """Return the reviews of the course that the path names, newest first; 404 when it is not visible."""
        reviews = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return reviews
        return reviews.filter(course=self._course()).select_related("user")

    @extend_schema(responses={201: ReviewSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Review the course: 201; 403 `not_enrolled`; 409 `already_reviewed`."""
        course = self._course()
        shape = self.get_serializer(data=request.data)
        shape.is_valid(raise_exception=True)
        fields = {"comment": "", **shape.validated_data}
        review = services.write_review(actor=signed_in(request), course=course, **fields)
        return Response(self.get_serializer(review).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReviewSerializer(partial=True), responses=ReviewSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change one's own review."""
        review = self.get_object()
        shape = self.get_serializer(review, data=request.data, partial=True)
        shape.is_valid(raise_exception=True)
        fields = {"rating": review.rating, "comment": review.comment, **shape.validated_data}
        changed = services.change_review(actor=signed_in(request), review=review, **fields)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=ReviewSerializer(partial=True), responses=ReviewSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """As PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Review) -> None:
        """Delete one's own review."""
        services.delete_review(actor=signed_in(self.request), review=instance)

    @extend_schema(request=ReplySerializer, responses=ReviewSerializer)
    @action(detail=True, methods=["post"])
    def reply(self, request: Request, course_id: str, review_id: str) -> Response:
        """Answer a review as the course's instructor: 200; 403 `not_your_course`."""
        shape = ReplySerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        review = reviewing.reply_to_review(actor=signed_in(request), review=self.get_object(), **shape.validated_data)
        return Response(self.get_serializer(review).data)

    @extend_schema(request=ReportSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def report(self, request: Request, course_id: str, review_id: str) -> Response:
        """Ask staff to look at a review."""
        shape = ReportSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        reviewing.report_review(actor=signed_in(request), review=self.get_object(), **shape.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _course(self) -> Course:
        return visible_or_404(Course.objects.all(), self.request.user, pk=self.kwargs["course_id"])
