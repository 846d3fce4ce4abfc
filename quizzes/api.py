"""API views of `/quizzes/*`."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import TeachesOrReads, signed_in
from core.access.scopes import SAFE_METHODS, ScopedMixin, editable_or_403, visible_or_404
from core.http.errors import error_body
from core.http.idempotency import IdempotentMixin
from core.http.openapi import ErrorSerializer
from core.text.csv_files import csv_response
from courses.models import Course
from enrollments.models import Extension
from files.upload_handlers import received_files
from quizzes import attempts, editor, grading
from quizzes.formats import WRITERS
from quizzes.models import Attempt, Question, Quiz
from quizzes.question_export import download_response, export_questions
from quizzes.question_import import import_questions
from quizzes.results import csv_rows, get_question_results
from quizzes.serializers import (
    AnswersSerializer,
    AttemptDetailSerializer,
    AttemptSerializer,
    ExportReportSerializer,
    ImportReportSerializer,
    MarkSerializer,
    QuestionImportSerializer,
    QuestionResultSerializer,
    QuestionSerializer,
    QuizCreateSerializer,
    QuizSerializer,
    RegradedSerializer,
    RegradeSerializer,
    SavedSerializer,
    SubmitAttemptSerializer,
)
from quizzes.visibility import get_visible_attempt

# Created once: creating a serializer copies all its fields, which takes longer than a use of it.
ANSWERS, SUBMISSION, SAVED = AnswersSerializer(), SubmitAttemptSerializer(), SavedSerializer()
DETAIL = {is_teacher: AttemptDetailSerializer(context={"is_teacher": is_teacher}) for is_teacher in (False, True)}


def annotate_quizzes(quizzes: Any, user: Any) -> Any:
    """Annotate quizzes with `questions_count`, and with the user's used (`my_used`) and extra attempts (`my_extra`)."""
    used = Attempt.objects.filter(quiz=OuterRef("pk"), enrollment__user=user).order_by()
    extra = Extension.objects.filter(item=OuterRef("pk"), enrollment__user=user)
    return quizzes.with_counts().annotate(
        my_used=Subquery(used.values("quiz").annotate(count=Count("pk")).values("count")),
        my_extra=Subquery(extra.values("extra_attempts")[:1]),
    )


def set_attempts_left(quiz: Quiz, user: Any) -> Quiz:
    """Set `my_attempts_left` of an annotated quiz, None without a limit and for instructors; return the quiz."""
    limit = quiz.max_attempts
    is_teacher = quiz.course.is_editable_by(user)
    left = None if limit is None or is_teacher else max(0, limit + (quiz.my_extra or 0) - (quiz.my_used or 0))  # type: ignore[attr-defined]  # annotated
    quiz.my_attempts_left = left  # type: ignore[attr-defined]  # for the serializer
    return quiz


def _parse_id(value: str, name: str) -> str:
    """Return an id from the query string; 400 if it is malformed."""
    try:
        return str(Quiz._meta.pk.to_python(value)) if value else ""
    except ModelValidationError:
        raise ValidationError({name: _("Enter a valid id.")}) from None


class QuizViewSet(ScopedMixin, viewsets.ModelViewSet[Quiz]):
    """Quizzes. Students see the published quizzes of their courses; instructors edit the quizzes of theirs."""

    queryset = Quiz.objects.all()
    serializer_class = QuizSerializer
    permission_classes = (IsAuthenticated, TeachesOrReads)
    lookup_url_kwarg = "quiz_id"

    def get_queryset(self) -> QuerySet[Quiz]:
        """Return the visible quizzes, filtered by `?course_id=` and `?lesson_id=`."""
        quizzes = annotate_quizzes(super().get_queryset(), self.request.user).select_related("course")
        for name in ("course_id", "lesson_id") if self.action == "list" else ():
            value = _parse_id(self.request.query_params.get(name, ""), name)
            quizzes = quizzes.filter(**{name: value}) if value else quizzes
        return quizzes

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Set the attempts that the user has left on the serialized quizzes."""
        if args and isinstance(args[0], Quiz):
            set_attempts_left(args[0], self.request.user)
        elif args and kwargs.get("many"):
            args = ([set_attempts_left(quiz, self.request.user) for quiz in args[0]], *args[1:])
        return super().get_serializer(*args, **kwargs)

    @extend_schema(
        parameters=[
            OpenApiParameter("course_id", OpenApiTypes.UUID),
            OpenApiParameter("lesson_id", OpenApiTypes.UUID),
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the quizzes that the user may see."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=QuizCreateSerializer, responses={201: QuizSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Create a quiz: 201; 403 for another instructor's course; 409 `nothing_to_publish` with `is_published`."""
        serializer = QuizCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        course = editable_or_403(Course.objects.all(), request.user, pk=fields.pop("course_id"))
        if fields.pop("is_published", False):
            raise editor.QuizError("nothing_to_publish", _("Add at least one question first."))
        quiz = editor.create_quiz(actor=signed_in(request), course=course, **fields)
        return Response(self._serialize(quiz), status=status.HTTP_201_CREATED)

    @extend_schema(request=QuizSerializer(partial=True), responses=QuizSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the settings of a quiz, or publish it: 409 `nothing_to_publish` without questions."""
        quiz = self.get_object()
        serializer = self.get_serializer(quiz, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        return Response(self._serialize(editor.update_quiz(actor=signed_in(request), quiz=quiz, **fields)))

    @extend_schema(request=QuizSerializer(partial=True), responses=QuizSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change some fields, like PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Quiz) -> None:
        """Delete a quiz: 409 `has_attempts` if students have taken it."""
        editor.delete_quiz(actor=signed_in(self.request), quiz=instance)

    @extend_schema(request=None, responses=QuizSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, quiz_id: str) -> Response:
        """Publish the quiz: 409 `nothing_to_publish` without questions."""
        quiz = editor.set_published(actor=signed_in(request), quiz=self.get_object(), published=True)
        return Response(self._serialize(quiz))

    @extend_schema(request=None, responses=QuizSerializer)
    @action(detail=True, methods=["post"])
    def unpublish(self, request: Request, quiz_id: str) -> Response:
        """Unpublish the quiz; attempts and grades are kept."""
        quiz = editor.set_published(actor=signed_in(request), quiz=self.get_object(), published=False)
        return Response(self._serialize(quiz))

    @extend_schema(responses=QuestionResultSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def results(self, request: Request, quiz_id: str) -> Response:
        """Return the result of each question, for instructors."""
        quiz = editable_or_403(Quiz.objects.all(), request.user, pk=quiz_id)
        return Response(QuestionResultSerializer(get_question_results(quiz), many=True).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"], pagination_class=None)
    def results_csv(self, request: Request, quiz_id: str) -> StreamingHttpResponse:
        """Return a CSV file with a line for each submitted attempt, for instructors."""
        quiz = editable_or_403(Quiz.objects.all(), request.user, pk=quiz_id)
        return csv_response(csv_rows(quiz), f"quiz-{quiz.pk}.csv")

    @extend_schema(methods=["GET"], responses=RegradedSerializer(many=True))
    @extend_schema(methods=["POST"], request=RegradeSerializer, responses=RegradedSerializer(many=True))
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def regrade(self, request: Request, quiz_id: str) -> Response:
        """Preview a regrade by the current keys (GET), or regrade the attempts (POST with `reason`)."""
        quiz = editable_or_403(Quiz.objects.all(), request.user, pk=quiz_id)
        if request.method in SAFE_METHODS:
            return Response(RegradedSerializer(grading.preview_regrade(quiz), many=True).data)
        serializer = RegradeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        results = grading.regrade_quiz(actor=signed_in(request), quiz=quiz, **serializer.validated_data)
        return Response(RegradedSerializer(results, many=True).data)

    def _serialize(self, quiz: Quiz) -> Any:
        return self.get_serializer(
            annotate_quizzes(Quiz.objects.select_related("course"), self.request.user).get(pk=quiz.pk)
        ).data


class QuestionViewSet(ScopedMixin, viewsets.ModelViewSet[Question]):
    """The questions of a quiz, for instructors. 403 for students, who get the questions in an attempt."""

    queryset = Question.objects.present().select_related("current")
    serializer_class = QuestionSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "question_id"

    def get_queryset(self) -> QuerySet[Question]:
        if getattr(self, "swagger_fake_view", False):
            return Question.objects.none()
        return super().get_queryset().filter(quiz=self._get_quiz()).order_by("order", "pk")

    def _get_quiz(self) -> Quiz:
        return editable_or_403(Quiz.objects.all(), self.request.user, pk=self.kwargs["quiz_id"])

    @extend_schema(responses={201: QuestionSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a question: 201; 400 `invalid_question` if the key does not match the type."""
        quiz = self._get_quiz()
        serializer = QuestionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        question = editor.add_question(actor=signed_in(request), quiz=quiz, **serializer.get_fields_sent())
        return Response(QuestionSerializer(question).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=QuestionSerializer(partial=True), responses=QuestionSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a question by a new version; existing attempts keep theirs."""
        question = self.get_object()
        serializer = QuestionSerializer(question, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        changed = editor.change_question(actor=signed_in(request), question=question, **serializer.get_fields_sent())
        return Response(QuestionSerializer(changed).data)

    @extend_schema(request=QuestionSerializer(partial=True), responses=QuestionSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change some fields, like PUT."""
        return self.update(request, *args, **kwargs)

    def perform_destroy(self, instance: Question) -> None:
        """Remove the question from the quiz."""
        editor.delete_question(actor=signed_in(self.request), question=instance)

    @extend_schema(request=None, responses=QuestionSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, quiz_id: str, question_id: str) -> Response:
        """Restore a deleted question to its place in the quiz and return it. A repeat has no effect.

        Errors: 409 `too_many` if the quiz is full.
        """
        rows = Question.objects.filter(quiz=self._get_quiz()).select_related("current")
        question = get_object_or_404(rows, pk=question_id)
        editor.restore_question(actor=signed_in(request), question=question)
        return Response(QuestionSerializer(question).data)


class QuestionFileViewSet(viewsets.GenericViewSet[Question]):
    """Import and export of a quiz's questions, for instructors."""

    queryset = Question.objects.none()
    permission_classes = (IsAuthenticated,)
    parser_classes = (MultiPartParser,)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Return the JSON renderer: DRF would answer 404 for `?format=gift`, which names none of its renderers."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    @extend_schema(
        request={"multipart/form-data": QuestionImportSerializer},
        responses={200: ImportReportSerializer, 422: ErrorSerializer},
    )
    @action(detail=True, methods=["post"])
    def import_questions(self, request: Request, quiz_id: str) -> Response:
        """Add the questions of a file, or report what would be added (`dry_run`). Broken questions are left out.

        Errors: 422 `unreadable_file`, 409 `too_many`, 413 `too_large`.
        """
        quiz = editable_or_403(Quiz.objects.all(), request.user, pk=quiz_id)
        data = request.data
        received_files(request)  # raises the error of an upload that was stopped while it arrived
        serializer = QuestionImportSerializer(data=data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        content = fields.pop("file").read()
        report = import_questions(actor=signed_in(request), quiz=quiz, content=content, **fields)
        return Response(ImportReportSerializer(report).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("format", enum=list(WRITERS), required=True),
            OpenApiParameter("report", enum=["0", "1"], description="Return what the format cannot represent instead."),
        ],
        responses={
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "application/xml"): OpenApiTypes.STR,
            (200, "application/json"): ExportReportSerializer,
        },
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def export_questions(self, request: Request, quiz_id: str) -> HttpResponse | Response:
        """Return the questions as a file in GIFT or Moodle XML; 400 for another `format`."""
        quiz = editable_or_403(Quiz.objects.all(), request.user, pk=quiz_id)
        name = request.query_params.get("format", "")
        if name not in WRITERS:
            raise ValidationError({"format": _("Choose one of: %s") % ", ".join(WRITERS)})
        report = request.query_params.get("report", "0")
        if report not in ("0", "1"):
            raise ValidationError({"report": _("Choose one of: %s") % "0, 1"})
        exported = export_questions(quiz, name)
        if report == "1":
            return Response(ExportReportSerializer(exported).data)
        return download_response(quiz, name, exported)


class AttemptViewSet(IdempotentMixin, viewsets.GenericViewSet[Attempt]):
    """The attempts at a quiz: the user's own, or all for its instructor."""

    queryset = Attempt.objects.select_related("quiz__course", "enrollment__accommodation")
    serializer_class = AttemptSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "attempt_id"

    def get_object(self) -> Attempt:
        return visible_or_404(self.get_queryset(), self.request.user, **self._get_lookup())

    def _get_lookup(self) -> dict[str, Any]:
        return {"pk": self.kwargs["attempt_id"], "quiz": self.kwargs["quiz_id"]}

    def _get_own_attempt(self) -> Attempt:
        """Return the user's own attempt; 403 for users who may only view it."""
        try:
            attempt_id, quiz_id = uuid.UUID(self.kwargs["attempt_id"]), uuid.UUID(self.kwargs["quiz_id"])
        except ValueError:
            raise Http404 from None
        get = attempts.get_attempt_to_save if self.action == "answers" else attempts.get_own_attempt
        found = get(self.request.user, attempt_id)
        if found is None or found.quiz_id != quiz_id:
            self.get_object()
            raise PermissionDenied(_("Only the student can answer this attempt."))
        return found

    @extend_schema(responses=AttemptSerializer(many=True))
    def list(self, request: Request, quiz_id: str) -> Response:
        """List the user's own attempts, or all for the instructor, newest first."""
        quiz = visible_or_404(Quiz.objects.select_related("course"), request.user, pk=quiz_id)
        is_teacher = quiz.course.is_editable_by(request.user)
        rows = self.get_queryset().filter(quiz=quiz).visible_to(request.user)  # type: ignore[attr-defined]  # ours
        rows = rows if is_teacher else rows.filter(enrollment__user=signed_in(request))
        page: Any = self.paginate_queryset(rows) or []
        for attempt in page:
            attempt.quiz = quiz
        return self.get_paginated_response(AttemptSerializer(page, many=True, context={"is_teacher": is_teacher}).data)

    @extend_schema(request=None, responses={201: AttemptDetailSerializer, 200: AttemptDetailSerializer})
    def create(self, request: Request, quiz_id: str) -> Response:
        """Start an attempt: 201; return the running attempt: 200; 409 `no_attempts_left`."""
        quiz = visible_or_404(Quiz.objects.select_related("course"), request.user, pk=quiz_id)
        attempt, is_new = attempts.start_attempt(actor=signed_in(request), quiz=quiz)
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(self._serialize(attempt), status=code)

    @extend_schema(responses=AttemptDetailSerializer)
    def retrieve(self, request: Request, quiz_id: str, attempt_id: str) -> Response:
        """Return an attempt. An overdue attempt is submitted first."""
        attempt = attempts.close_if_overdue(self.get_object())
        return Response(self._serialize(attempt))

    @extend_schema(request=AnswersSerializer, responses=SavedSerializer)
    @action(detail=True, methods=["put"])
    def answers(self, request: Request, quiz_id: str, attempt_id: str) -> Response:
        """Save answers; an empty string clears an answer.

        409 `attempt_closed`, `time_over`, or `stale_answer` with the saved answers in `current`.
        """
        attempt = self._get_own_attempt()
        data = ANSWERS.run_validation(request.data)
        answers, seq = data["answers"], data.get("seq")
        try:
            saved = attempts.save_answers(actor=signed_in(request), attempt=attempt, answers=answers, seq=seq)
        except attempts.AttemptError as error:
            if error.current is None:
                raise
            body = error_body("client_error", error.code, str(error.detail)) | {"current": error.current}
            return Response(body, status=error.status)
        reply = {
            "saved_at": saved.saved_at,
            "number": saved.number,
            "question_ids": list(answers),
            "answers": saved.answers,
            "expires_at": saved.deadline,
        }
        return Response(SAVED.to_representation(reply))

    @extend_schema(request=SubmitAttemptSerializer, responses=AttemptDetailSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, quiz_id: str, attempt_id: str) -> Response:
        """Submit the attempt; a repeat returns the same result."""
        attempt = self._get_own_attempt()
        answers = SUBMISSION.run_validation(request.data).get("answers")
        submitted = attempts.submit_attempt(actor=signed_in(request), attempt=attempt, answers=answers)
        return Response(self._serialize(submitted))

    @extend_schema(request=MarkSerializer, responses=AttemptDetailSerializer)
    @action(detail=True, methods=["post"])
    def grade(self, request: Request, quiz_id: str, attempt_id: str) -> Response:
        """Grade an answer, as the instructor of the course."""
        attempt = self.get_object()
        serializer = MarkSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        graded = grading.grade_answer(actor=signed_in(request), attempt=attempt, **serializer.validated_data)
        return Response(self._serialize(graded))

    def _serialize(self, attempt: Any) -> Any:
        is_teacher = attempt.quiz.course.is_editable_by(self.request.user)
        visible = get_visible_attempt(attempt, is_teacher=is_teacher)
        if attempt.is_running:
            attempt.expires_at = attempts.load_deadline(attempt)  # includes extensions since the start
        attempt.questions, attempt.results, attempt.keys = visible.questions, visible.results, visible.keys
        attempt.answers = visible.answers
        return DETAIL[is_teacher].to_representation(attempt)
