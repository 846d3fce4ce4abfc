"""API of enrollments (`/enrollments/*`) and of the reviews of courses."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import signed_in
from core.access.impersonation import allow_while_impersonating
from core.access.scopes import SAFE_METHODS, ScopedMixin, visible_or_404
from core.http.idempotency import IdempotentMixin
from courses.models import Course, Lesson
from enrollments import join_links, services
from enrollments import progress as enrollment_progress
from enrollments import reviews as enrollment_reviews
from enrollments.final_grades import get_final_grade
from enrollments.models import Enrollment, Review
from enrollments.roster_serializers import JoinSerializer
from enrollments.serializers import (
    EndSerializer,
    EnrollmentSerializer,
    EnrollSerializer,
    ExplanationSerializer,
    FinalGradeSerializer,
    ProgressSerializer,
    ProgressWriteSerializer,
    ReadmitSerializer,
    ReplySerializer,
    ReportSerializer,
    ReviewSerializer,
    build_progress,
)


class EnrollmentViewSet(
    IdempotentMixin,
    ScopedMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Enrollment],
):
    """Enrollments of the current user; administrators can retrieve all enrollments."""

    queryset = Enrollment.objects.all()
    serializer_class = EnrollmentSerializer
    permission_classes = (IsAuthenticated,)
    answers_also = (402, 410)
    lookup_url_kwarg = "enrollment_id"
    visible_is_enough = ("end", "readmit")

    def get_queryset(self) -> QuerySet[Enrollment]:
        """Return the visible enrollments with their progress; the list has only the user's own."""
        if self.action in self.visible_is_enough:
            managed = Enrollment.objects.manageable_by(self.request.user)
            return managed.with_progress().with_next_lesson().select_related("course", "user")
        if self.action == "list":
            return Enrollment.objects.filter(user=signed_in(self.request)).for_rows()
        return super().get_queryset().with_progress().with_next_lesson().select_related("course")

    @extend_schema(request=EnrollSerializer, responses={201: EnrollmentSerializer})
    def create(self, request: Request) -> Response:
        """Enroll in a published course.

        Return 201; 402 `payment_required`; 403 `barred`; 409 `already_enrolled` or `own_course`; 404 for a draft.
        """
        serializer = EnrollSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        course = visible_or_404(Course.objects.published(), request.user, pk=serializer.validated_data["course_id"])
        payment_id = serializer.validated_data.get("payment_id")
        user = signed_in(request)
        enrollment = services.enroll(actor=user, user=user, course=course, payment_id=payment_id)
        enrollment = self.get_queryset().get(pk=enrollment.pk)
        return Response(self.get_serializer(enrollment).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=JoinSerializer, responses={200: EnrollmentSerializer, 201: EnrollmentSerializer})
    @action(detail=False, methods=["post"])
    def join(self, request: Request) -> Response:
        """Enroll by the key of a join link, without payment.

        Return 201; 200 for a student of the course; 403 `barred`; 404 `unknown_link`; 409 `not_published`,
        `own_course`; 410 `link_expired`, `link_used_up`.
        """
        serializer = JoinSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        link = join_links.get_join_link(serializer.validated_data["key"])
        enrollment, is_new = join_links.join_course(actor=signed_in(request), link=link)
        enrollment = self.get_queryset().get(pk=enrollment.pk)
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(self.get_serializer(enrollment).data, status=code)

    @extend_schema(methods=["PUT", "PATCH"], request=ProgressWriteSerializer, responses=EnrollmentSerializer)
    @extend_schema(methods=["GET"], responses=ProgressSerializer)
    @action(detail=True, methods=["get", "put", "patch"])
    @allow_while_impersonating
    def progress(self, request: Request, enrollment_id: str) -> Response:
        """Return the progress by lesson (GET), or record progress in a lesson (PUT, PATCH)."""
        enrollment = self.get_object()
        if request.method in SAFE_METHODS:
            lessons = list(Lesson.objects.published().filter(course=enrollment.course))
            data = build_progress(enrollment, list(enrollment.lesson_progress.all()), lessons)
            return Response(ProgressSerializer(data).data)
        serializer = ProgressWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        updated = services.complete_lesson(actor=signed_in(request), enrollment=enrollment, **serializer.validated_data)
        return Response(self.get_serializer(updated).data)

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True, methods=["get"])
    def explain(self, request: Request, enrollment_id: str) -> Response:
        """Return the explanation of the progress: the published lessons and the unmet requirements for completion."""
        return Response(ExplanationSerializer(enrollment_progress.explain_progress(enrollment=self.get_object())).data)

    @extend_schema(responses=FinalGradeSerializer)
    @action(detail=True, methods=["get"])
    def grades(self, request: Request, enrollment_id: str) -> Response:
        """Return the grades in the course, the current final grade and its calculation."""
        return Response(FinalGradeSerializer(get_final_grade(self.get_object())).data)

    @extend_schema(request=None, responses=EnrollmentSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, enrollment_id: str) -> Response:
        """Complete the course.

        Return 200, also for a repeat; 409 `requirements_not_met` with the missing requirements in `detail`.
        """
        completed = services.complete_course(actor=signed_in(request), enrollment=self.get_object())
        return Response(self.get_serializer(completed).data)

    @extend_schema(request=EndSerializer, responses=EnrollmentSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, enrollment_id: str) -> Response:
        """End an enrollment: one's own, or a student's as the instructor of the course or an administrator.

        Return 200, also for a repeat. A student who is removed by another user is barred unless `barred` is false.
        """
        serializer = EndSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        actor, enrollment = signed_in(request), self.get_object()
        reason, bar = serializer.validated_data["reason"], serializer.validated_data["barred"]
        if enrollment.user_id == actor.pk:
            services.end_enrollment(actor=actor, enrollment=enrollment, reason=reason)
        else:
            services.remove_student(actor=actor, enrollment=enrollment, reason=reason, bar=bar)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=ReadmitSerializer, responses=EnrollmentSerializer)
    @action(detail=True, methods=["post"])
    def readmit(self, request: Request, enrollment_id: str) -> Response:
        """Readmit a student who was removed, as the instructor of the course or an administrator.

        Return 200, also for a repeat; 403 `not_your_course`; 409 `not_barred`.
        """
        serializer = ReadmitSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        services.readmit_student(actor=signed_in(request), enrollment=self.get_object(), **serializer.validated_data)
        return Response(self.get_serializer(self.get_object()).data)


class ReviewViewSet(ScopedMixin, viewsets.ModelViewSet[Review]):
    """Reviews of a course."""

    queryset = Review.objects.all()
    serializer_class = ReviewSerializer
    permission_classes = (IsAuthenticatedOrReadOnly,)
    lookup_url_kwarg = "review_id"
    visible_is_enough = ("reply", "report")

    def get_queryset(self) -> QuerySet[Review]:
        """Return the reviews of the course, newest first; raise Http404 if the course is not visible."""
        reviews = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return reviews
        return reviews.filter(course=self._course()).select_related("user")

    @extend_schema(responses={201: ReviewSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Review the course.

        Return 201; 403 or 409 `not_enrolled`; 409 `already_reviewed`.
        """
        course = self._course()
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = {"comment": "", **serializer.validated_data}
        review = services.write_review(actor=signed_in(request), course=course, **fields)
        return Response(self.get_serializer(review).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReviewSerializer(partial=True), responses=ReviewSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Edit the user's own review. PUT and PATCH both accept a part of the fields."""
        review = self.get_object()
        serializer = self.get_serializer(review, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        fields = {"rating": review.rating, "comment": review.comment, **serializer.validated_data}
        changed = services.change_review(actor=signed_in(request), review=review, **fields)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=ReviewSerializer(partial=True), responses=ReviewSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Review) -> None:
        """Delete the user's own review."""
        services.delete_review(actor=signed_in(self.request), review=instance)

    @extend_schema(request=ReplySerializer, responses=ReviewSerializer)
    @action(detail=True, methods=["post"])
    def reply(self, request: Request, course_id: str, review_id: str) -> Response:
        """Reply to a review as the course's instructor.

        Return 200; 403 `not_your_course`.
        """
        serializer = ReplySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        review = enrollment_reviews.reply_to_review(
            actor=signed_in(request), review=self.get_object(), **serializer.validated_data
        )
        return Response(self.get_serializer(review).data)

    @extend_schema(request=ReportSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def report(self, request: Request, course_id: str, review_id: str) -> Response:
        """Report a review to staff."""
        serializer = ReportSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        enrollment_reviews.report_review(
            actor=signed_in(request), review=self.get_object(), **serializer.validated_data
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _course(self) -> Course:
        return visible_or_404(Course.objects.all(), self.request.user, pk=self.kwargs["course_id"])
