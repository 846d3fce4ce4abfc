"""Student pages: quiz overview, taking a quiz, reviewing an attempt."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import signed_in
from core.access.scopes import visible_or_404
from core.http.errors import DomainError
from core.http.forms import call_or_show_message
from core.text import markdown
from enrollments.deadlines import get_terms
from enrollments.models import Enrollment
from quizzes import attempts
from quizzes.models import Attempt, Quiz
from quizzes.question_types import TYPES
from quizzes.visibility import (
    AnswerKey,
    AnswerResult,
    StudentQuestion,
    VisibleAttempt,
    build_student_questions,
    get_visible_attempt,
)

ANSWER_PREFIX = "q-"
QUESTION_IDS_FIELD = "asked"  # hidden field with the ids of the questions in a form


@dataclass(frozen=True)
class QuestionLine:
    """A question on a page with its answer, and with its result and key where the user may see them."""

    question: StudentQuestion
    answer: Any
    saved_at: datetime | None
    seq: int
    template: str
    result: AnswerResult | None = None
    key: AnswerKey | None = None
    answer_texts: tuple[str, ...] = ()

    @property
    def is_correct(self) -> bool:
        """Return whether the answer visibly earned all points. False for questions without a key, such as essays."""
        points = None if self.result is None else self.result.points_earned
        return bool(self.key and self.key.texts and points and points == self.question.points)

    @property
    def explanation_html(self) -> str:
        """Return the explanation, written in Markdown, as HTML."""
        if self.key is None or not self.key.explanation:
            return ""
        return markdown.to_html(self.key.explanation, allow_html=True)

    @property
    def is_answered(self) -> bool:
        """Return whether an answer is saved and was not cleared."""
        return self.saved_at is not None and self.answer not in (None, "", [], {})


@login_required
@require_safe
def quiz(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Show the settings of a quiz and the student's attempts. Queries do not depend on the number of questions."""
    visible_quiz = visible_or_404(
        Quiz.objects.with_counts().select_related("course", "lesson"), request.user, pk=quiz_id
    )
    enrollment = Enrollment.objects.active().filter(user=signed_in(request), course=visible_quiz.course).first()
    if enrollment is None:
        return redirect("quizzes:edit", visible_quiz.pk)
    terms = get_terms(visible_quiz, enrollment)
    rows = list(
        Attempt.objects.filter(quiz=visible_quiz, enrollment=enrollment).defer("answers", "layout").order_by("number")
    )
    for row in rows:
        row.quiz = visible_quiz
    running = next((row for row in rows if row.is_running), None)
    error = None if running else attempts.find_start_error(visible_quiz, terms, rows, timezone.now())
    context = {
        "quiz": visible_quiz,
        "course": visible_quiz.course,
        "terms": terms,
        "attempts": rows[::-1],
        "running": running,
        "error": error,
        "left": attempts.count_attempts_left(terms, len(rows)),
    }
    return render(request, "quizzes/quiz.html", context)


@login_required
@require_POST
def start(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Start an attempt or continue the running one."""
    visible_quiz = visible_or_404(Quiz.objects.all(), request.user, pk=quiz_id)
    started = call_or_show_message(request, attempts.start_attempt, actor=signed_in(request), quiz=visible_quiz)
    return redirect("quizzes:take", started[0].pk) if started else redirect("quizzes:quiz", quiz_id)


def _get_own_attempt(request: HttpRequest, attempt_id: uuid.UUID) -> Attempt:
    """Return the user's own attempt; 403 for users who may only view it."""
    attempt = attempts.get_own_attempt(request.user, attempt_id)
    if attempt is None:
        rows = Attempt.objects.select_related("quiz__course", "enrollment__accommodation")
        attempt = visible_or_404(rows, request.user, pk=attempt_id)
        if attempt.enrollment.user_id != request.user.pk:
            raise PermissionDenied(_("Only the student can answer this attempt."))
    return attempt


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Show the questions of a running attempt. Without scripts, the form saves and submits by POST."""
    attempt = _get_own_attempt(request, attempt_id)
    if request.method == "POST":
        return _save_or_submit(request, attempt)
    closed = attempts.close_if_overdue(attempt)
    if closed is None or not closed.is_running:
        return redirect("quizzes:review", attempt_id)
    return render(request, "quizzes/take.html", _take_context(closed))


def _save_or_submit(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """Save or submit the posted answers. After an error the page shows them again."""
    try:
        answers = _read_answers(attempt, request.POST)
        if request.POST.get("action") == "submit":
            attempts.submit_attempt(actor=signed_in(request), attempt=attempt, answers=answers)
            return redirect("quizzes:review", attempt.pk)
        attempts.save_answers(actor=signed_in(request), attempt=attempt, answers=answers)
    except DomainError as error:
        attempt.refresh_from_db()
        if not attempt.is_running:
            return redirect("quizzes:review", attempt.pk)
        messages.error(request, str(error.detail))
        context = _take_context(attempt, typed=_read_answers(attempt, request.POST))
        return render(request, "quizzes/take.html", context, status=error.status)
    messages.success(request, _("Answers saved."))
    return redirect("quizzes:take", attempt.pk)


def _read_answers(attempt: Attempt, data: QueryDict) -> dict[str, Any]:
    """Return the answers in a posted form: "" for saved answers that were cleared, none for questions left empty."""
    fields = {
        str(version.question_id): version.type.read_form(data, f"{ANSWER_PREFIX}{version.question_id}")
        for version in attempt.versions
    }
    answers = {key: answer for key, answer in fields.items() if answer is not None}
    saved = {key for key, state in attempts.load_saved_answers(attempt).items() if state["answer"] is not None}
    cleared = saved.intersection(data.getlist(QUESTION_IDS_FIELD)) - answers.keys()
    return answers | dict.fromkeys(cleared, "")


def _take_context(attempt: Attempt, typed: dict[str, Any] | None = None) -> dict[str, Any]:
    saved = attempts.load_saved_answers(attempt)
    questions = build_student_questions(attempt, attempt.versions)
    lines = [_make_line(question, saved.get(question.question_id, {}), typed) for question in questions]
    terms = get_terms(attempt.quiz, attempt.enrollment)
    return {
        "attempt": attempt,
        "quiz": attempt.quiz,
        "course": attempt.quiz.course,
        "lines": lines,
        "terms": terms,
        "deadline": attempts.compute_deadline(terms, attempt),
        "now": timezone.now(),
        "answered": sum(line.is_answered for line in lines),
    }


def _make_line(question: StudentQuestion, saved: dict[str, Any], typed: dict[str, Any] | None) -> QuestionLine:
    answer = (typed or {}).get(question.question_id, saved.get("answer"))
    return QuestionLine(question, answer, saved.get("saved_at"), saved.get("seq") or 0, _get_template(question))


def _get_template(question: StudentQuestion) -> str:
    if question.question_type not in TYPES:
        raise Http404
    return f"quizzes/types/{question.question_type}.html"


@login_required
@require_safe
def review(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Show a submitted attempt with the results and keys that the student may see."""
    attempt = _get_own_attempt(request, attempt_id)
    closed = attempts.close_if_overdue(attempt)
    if closed is None or closed.is_running:
        return redirect("quizzes:take", attempt_id)
    lines = make_lines(get_visible_attempt(closed, is_teacher=False))
    context = {"attempt": closed, "quiz": closed.quiz, "course": closed.quiz.course, "lines": lines}
    return render(request, "quizzes/review.html", context)


def make_lines(visible: VisibleAttempt) -> list[QuestionLine]:
    """Return the questions of a submitted attempt with its visible answers, results and keys."""
    results = {result.question_id: result for result in visible.results}
    keys = {key.question_id: key for key in visible.keys}
    versions = {str(version.question_id): version for version in visible.versions}
    lines = []
    for question in visible.questions:
        question_id, version = question.question_id, versions[question.question_id]
        answer = visible.answers.get(question_id)
        texts = tuple(version.type.describe_answer(version, answer)) if answer is not None else ()
        lines.append(
            QuestionLine(question, answer, None, 0, "", results.get(question_id), keys.get(question_id), texts)
        )
    return lines
