"""`/quizzes/*` of the API."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, has_role
from accounts.permissions import TeachesOrReads, signed_in
from courses.models import Course
from enrollments.models import Extension
from lms.lib.errors import error_body
from lms.lib.scoping import SAFE_METHODS, ScopedMixin, editable_or_403, visible_or_404
from lms.platform.idempotency import IdempotentMixin
from quizzes import attempts as taking
from quizzes import authoring, marking
from quizzes.models import Attempt, Question, Quiz
from quizzes.results import as_csv, results_of
from quizzes.serializers import (
    AnswersSerializer,
    AttemptDetailSerializer,
    AttemptSerializer,
    MarkSerializer,
    QuestionResultSerializer,
    QuestionSerializer,
    QuizCreateSerializer,
    QuizSerializer,
    RegradedSerializer,
    RegradeSerializer,
    SavedSerializer,
    SubmitAttemptSerializer,
)
from quizzes.showing import shown_to

# Made once: a serializer copies its fields each time it is made, which costs more than to use them.
ANSWERS, LAST_ANSWERS, SAVED = AnswersSerializer(), SubmitAttemptSerializer(), SavedSerializer()
DETAIL = {is_teacher: AttemptDetailSerializer(context={"is_teacher": is_teacher}) for is_teacher in (False, True)}


def for_api(quizzes: Any, user: Any) -> Any:
    """Return quizzes with how many questions they have, and how many attempts the user has left."""
    used = Attempt.objects.filter(quiz=OuterRef("pk"), enrollment__user=user).order_by()
    extra = Extension.objects.filter(item=OuterRef("pk"), enrollment__user=user)
    return quizzes.with_counts().annotate(
        my_used=Subquery(used.values("quiz").annotate(count=Count("pk")).values("count")),
        my_extra=Subquery(extra.values("extra_attempts")[:1]),
    )


def with_left(quiz: Quiz, user: Any) -> Quiz:
    """Return the quiz with `my_attempts_left`; null for who teaches it."""
    limit = quiz.max_attempts
    takes_it = quiz.course.instructor_id != user.pk and not has_role(user, Role.ADMIN)
    left = None if limit is None or not takes_it else max(0, limit + (quiz.my_extra or 0) - (quiz.my_used or 0))  # type: ignore[attr-defined]  # annotated
    quiz.my_attempts_left = left  # type: ignore[attr-defined]  # for the serializer
    return quiz


def _filter_id(value: str, name: str) -> str:
    """Return an id from the query; 400 for one of another form."""
    try:
        return str(Quiz._meta.pk.to_python(value)) if value else ""
    except ModelValidationError:
        raise ValidationError({name: _("This is not an id.")}) from None


class QuizViewSet(ScopedMixin, viewsets.ModelViewSet[Quiz]):
    """Quizzes: students see the published ones of their courses, instructors write their own."""

    queryset = Quiz.objects.all()
    serializer_class = QuizSerializer
    permission_classes = (IsAuthenticated, TeachesOrReads)
    lookup_url_kwarg = "quiz_id"

    def get_queryset(self) -> QuerySet[Quiz]:
        """Return the visible quizzes, `?course_id=` and `?lesson_id=` narrowing them."""
        quizzes = for_api(super().get_queryset(), self.request.user).select_related("course")
        for name in ("course_id", "lesson_id") if self.action == "list" else ():
            wanted = _filter_id(self.request.query_params.get(name, ""), name)
            quizzes = quizzes.filter(**{name: wanted}) if wanted else quizzes
        return quizzes

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Return the serializer, its rows knowing what the caller has left."""
        if args and isinstance(args[0], Quiz):
            with_left(args[0], self.request.user)
        elif args and kwargs.get("many"):
            args = ([with_left(quiz, self.request.user) for quiz in args[0]], *args[1:])
        return super().get_serializer(*args, **kwargs)

    @extend_schema(
        parameters=[
            OpenApiParameter("course_id", OpenApiTypes.UUID),
            OpenApiParameter("lesson_id", OpenApiTypes.UUID),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the quizzes that the caller may see."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=QuizCreateSerializer, responses={201: QuizSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin a quiz in a course: 201; 403 for another's course; 409 `nothing_to_publish` when it is to be public."""
        shape = QuizCreateSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        fields = dict(shape.validated_data)
        course = editable_or_403(Course.objects.all(), request.user, pk=fields.pop("course_id"))
        if fields.pop("is_published", False):
            raise authoring.QuizError("nothing_to_publish", _("Write at least one question first."))
        quiz = authoring.create_quiz(actor=signed_in(request), course=course, **self._lesson(fields, course.pk))
        return Response(self._again(quiz), status=status.HTTP_201_CREATED)

    @extend_schema(request=QuizSerializer(partial=True), responses=QuizSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a quiz's rules, or publish it: 409 `nothing_to_publish` without questions."""
        quiz = self.get_object()
        shape = self.get_serializer(quiz, data=request.data, partial=True)
        shape.is_valid(raise_exception=True)
        fields = self._lesson(dict(shape.validated_data), quiz.course_id)
        return Response(self._again(authoring.update_quiz(actor=signed_in(request), quiz=quiz, **fields)))

    @extend_schema(request=QuizSerializer(partial=True), responses=QuizSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """As PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Quiz) -> None:
        """Delete a quiz that nobody has taken: 409 `has_attempts`."""
        authoring.delete_quiz(actor=signed_in(self.request), quiz=instance)

    @extend_schema(request=None, responses=QuizSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, quiz_id: str) -> Response:
        """Show it to the students: 409 `nothing_to_publish` without questions."""
        quiz = authoring.set_published(actor=signed_in(request), quiz=self.get_object(), published=True)
        return Response(self._again(quiz))

    @extend_schema(request=None, responses=QuizSerializer)
    @action(detail=True, methods=["post"])
    def unpublish(self, request: Request, quiz_id: str) -> Response:
        """Take it back; what students have done stays."""
        quiz = authoring.set_published(actor=signed_in(request), quiz=self.get_object(), published=False)
        return Response(self._again(quiz))

    @extend_schema(responses=QuestionResultSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def results(self, request: Request, quiz_id: str) -> Response:
        """Show how each question went, to those who teach it."""
        quiz = editable_or_403(Quiz.objects.all(), request.user, pk=quiz_id)
        return Response(QuestionResultSerializer(results_of(quiz), many=True).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"], pagination_class=None)
    def results_csv(self, request: Request, quiz_id: str) -> HttpResponse:
        """Give one line for each submitted attempt, to those who teach it."""
        quiz = editable_or_403(Quiz.objects.all(), request.user, pk=quiz_id)
        return csv_answer(quiz)

    @extend_schema(methods=["GET"], responses=RegradedSerializer(many=True))
    @extend_schema(methods=["POST"], request=RegradeSerializer, responses=RegradedSerializer(many=True))
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def regrade(self, request: Request, quiz_id: str) -> Response:
        """GET: what marking by today's keys would change; POST `{reason}`: do it."""
        quiz = editable_or_403(Quiz.objects.all(), request.user, pk=quiz_id)
        if request.method in SAFE_METHODS:
            return Response(RegradedSerializer(marking.preview_regrade(quiz), many=True).data)
        shape = RegradeSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        done = marking.regrade(actor=signed_in(request), quiz=quiz, **shape.validated_data)
        return Response(RegradedSerializer(done, many=True).data)

    def _lesson(self, fields: dict[str, Any], course_id: Any) -> dict[str, Any]:
        """Return the fields, an unknown lesson being 400."""
        lesson_id = fields.get("lesson_id")
        if lesson_id is not None and not Course.objects.filter(pk=course_id, lessons=lesson_id).exists():
            raise authoring.QuizError("wrong_lesson", _("This course has no such lesson."), status=400)
        return fields

    def _again(self, quiz: Quiz) -> Any:
        return self.get_serializer(
            for_api(Quiz.objects.select_related("course"), self.request.user).get(pk=quiz.pk)
        ).data


def csv_answer(quiz: Quiz) -> HttpResponse:
    """Return a quiz's results as a file to save."""
    answer = HttpResponse(as_csv(quiz), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="quiz-{quiz.pk}.csv"'
    return answer


class QuestionViewSet(ScopedMixin, viewsets.ModelViewSet[Question]):
    """The questions of one quiz, for those who write them: 403 for its students, who get theirs in an attempt."""

    queryset = Question.objects.present().select_related("current")
    serializer_class = QuestionSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "question_id"

    def get_queryset(self) -> QuerySet[Question]:
        """Return the questions of the quiz that the path names, in order."""
        if getattr(self, "swagger_fake_view", False):
            return Question.objects.none()
        return super().get_queryset().filter(quiz=self._quiz()).order_by("order", "pk")

    def _quiz(self) -> Quiz:
        return editable_or_403(Quiz.objects.all(), self.request.user, pk=self.kwargs["quiz_id"])

    @extend_schema(responses={201: QuestionSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Append a question: 201; 400 `invalid_question` where key and type do not fit."""
        quiz = self._quiz()
        shape = QuestionSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        question = authoring.add_question(actor=signed_in(request), quiz=quiz, **shape.fields_given())
        return Response(QuestionSerializer(question).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=QuestionSerializer(partial=True), responses=QuestionSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write another version; attempts keep theirs."""
        question = self.get_object()
        shape = QuestionSerializer(question, data=request.data, partial=True)
        shape.is_valid(raise_exception=True)
        changed = authoring.change_question(actor=signed_in(request), question=question, **shape.fields_given())
        return Response(QuestionSerializer(changed).data)

    @extend_schema(request=QuestionSerializer(partial=True), responses=QuestionSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """As PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Question) -> None:
        """Take it out of the quiz."""
        authoring.delete_question(actor=signed_in(self.request), question=instance)


class AttemptViewSet(IdempotentMixin, viewsets.GenericViewSet[Attempt]):
    """The attempts at one quiz: one's own, for its instructor everybody's."""

    queryset = Attempt.objects.select_related("quiz__course", "enrollment__accommodation")
    serializer_class = AttemptSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "attempt_id"

    def get_object(self) -> Attempt:
        """Return the attempt that the path names; 404 when it is not visible."""
        return visible_or_404(self.get_queryset(), self.request.user, **self._named())

    def _named(self) -> dict[str, Any]:
        return {"pk": self.kwargs["attempt_id"], "quiz": self.kwargs["quiz_id"]}

    def _own_attempt(self) -> Attempt:
        """Return the attempt that the path names, if it is the caller's; 403 for those who only see it."""
        try:
            attempt_id, quiz_id = uuid.UUID(self.kwargs["attempt_id"]), uuid.UUID(self.kwargs["quiz_id"])
        except ValueError:
            raise Http404 from None
        read = taking.own_to_save if self.action == "answers" else taking.own_to_show
        found = read(self.request.user, attempt_id)
        if found is None or found.quiz_id != quiz_id:
            self.get_object()
            raise PermissionDenied(_("Only its student answers it."))
        return found

    def _is_teacher(self, quiz: Quiz) -> bool:
        return quiz.course.instructor_id == self.request.user.pk or has_role(self.request.user, Role.ADMIN)

    @extend_schema(responses=AttemptSerializer(many=True))
    def list(self, request: Request, quiz_id: str) -> Response:
        """List one's own attempts, for the instructor everybody's, newest first."""
        quiz = visible_or_404(Quiz.objects.select_related("course"), request.user, pk=quiz_id)
        is_teacher = self._is_teacher(quiz)
        rows = self.get_queryset().filter(quiz=quiz).visible_to(request.user)  # type: ignore[attr-defined]  # ours
        rows = rows if is_teacher else rows.filter(enrollment__user=signed_in(request))
        page = self.paginate_queryset(rows)
        for attempt in page or []:
            attempt.quiz = quiz
        rows_shown: Any = page or []
        shown = AttemptSerializer(rows_shown, many=True, context={"is_teacher": is_teacher}).data
        return self.get_paginated_response(shown)

    @extend_schema(request=None, responses={201: AttemptDetailSerializer, 200: AttemptDetailSerializer})
    def create(self, request: Request, quiz_id: str) -> Response:
        """Begin an attempt: 201; the running one again: 200; 409 `no_attempts_left`."""
        quiz = visible_or_404(Quiz.objects.select_related("course"), request.user, pk=quiz_id)
        attempt, made = taking.start(actor=signed_in(request), quiz=quiz)
        code = status.HTTP_201_CREATED if made else status.HTTP_200_OK
        return Response(self._shown(attempt), status=code)

    @extend_schema(responses=AttemptDetailSerializer)
    def retrieve(self, request: Request, quiz_id: str, attempt_id: str) -> Response:
        """Show one attempt; one whose time is over is submitted first."""
        attempt = taking.close_if_overdue(self.get_object())
        return Response(self._shown(attempt))

    @extend_schema(request=AnswersSerializer, responses=SavedSerializer)
    @action(detail=True, methods=["put"])
    def answers(self, request: Request, quiz_id: str, attempt_id: str) -> Response:
        """Save answers; an empty text takes one back. 409 `attempt_closed`, `time_over`, or `stale_answer` with the
        current state."""
        attempt = self._own_attempt()
        shape = ANSWERS.run_validation(request.data)
        given, seq = shape["answers"], shape.get("seq")
        try:
            saved = taking.save_answers(actor=signed_in(request), attempt=attempt, answers=given, seq=seq)
        except taking.AttemptError as error:
            if error.current is None:
                raise
            body = error_body("client_error", error.code, str(error.detail)) | {"current": error.current}
            return Response(body, status=error.status)
        reply = {
            "saved_at": saved.saved_at,
            "number": saved.number,
            "question_ids": list(given),
            "expires_at": saved.deadline,
        }
        return Response(SAVED.to_representation(reply))

    @extend_schema(request=SubmitAttemptSerializer, responses=AttemptDetailSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, quiz_id: str, attempt_id: str) -> Response:
        """Hand it in; a repeat gives the same result."""
        attempt = self._own_attempt()
        given = LAST_ANSWERS.run_validation(request.data).get("answers")
        done = taking.submit(actor=signed_in(request), attempt=attempt, answers=given)
        return Response(self._shown(done))

    @extend_schema(request=MarkSerializer, responses=AttemptDetailSerializer)
    @action(detail=True, methods=["post"])
    def grade(self, request: Request, quiz_id: str, attempt_id: str) -> Response:
        """Give an answer points by hand, as the course's instructor."""
        attempt = self.get_object()
        if not self._is_teacher(attempt.quiz):
            raise PermissionDenied(_("Only the course's instructor marks."))
        shape = MarkSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        return Response(
            self._shown(marking.mark_answer(actor=signed_in(request), attempt=attempt, **shape.validated_data))
        )

    def _shown(self, attempt: Any) -> Any:
        is_teacher = self._is_teacher(attempt.quiz)
        shown = shown_to(attempt, is_teacher=is_teacher)
        if attempt.is_running:
            attempt.expires_at = taking.deadline_of(attempt)  # as it is now, not as it was promised
        attempt.questions, attempt.results, attempt.keys = shown.questions, shown.results, shown.keys
        attempt.answers = shown.answers
        return DETAIL[is_teacher].to_representation(attempt)
