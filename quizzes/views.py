"""The student's pages: the rules, taking a quiz, looking back at an attempt."""

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
from enrollments.deadlines import terms_for
from enrollments.models import Enrollment
from lms.lib import markdown
from lms.lib.errors import DomainError
from lms.lib.pages import attempt_or_say
from lms.lib.scoping import visible_or_404
from quizzes import attempts as taking
from quizzes.models import Attempt, Quiz
from quizzes.question_types import TYPES
from quizzes.showing import Asked, Key, Result, Shown, asked, shown_to

FIELD = "q-"
ASKED = "asked"  # the hidden field that says which questions a form shows


@dataclass(frozen=True)
class Line:
    """A question on a page: what is asked, what was answered, and what may be seen of its mark and key."""

    question: Asked
    answer: Any
    saved_at: datetime | None
    seq: int
    template: str
    result: Result | None = None
    key: Key | None = None
    words: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether the answer earned all its points, as far as that may be seen; never for what a person marked."""
        earned = None if self.result is None else self.result.points_earned
        return bool(self.key and self.key.in_words and earned and earned == self.question.points)

    @property
    def explanation_html(self) -> str:
        """The explanation, which is written in Markdown like the question."""
        return markdown.to_html(self.key.explanation) if self.key and self.key.explanation else ""

    @property
    def is_answered(self) -> bool:
        """Whether the journal has an answer that was not taken back."""
        return self.saved_at is not None and self.answer not in (None, "", [], {})


@login_required
@require_safe
def quiz(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Show the rules before the start, and the attempts so far. The same queries for any number of questions."""
    found = visible_or_404(Quiz.objects.with_counts().select_related("course", "lesson"), request.user, pk=quiz_id)
    enrollment = Enrollment.objects.active().filter(user=signed_in(request), course=found.course).first()
    if enrollment is None:
        return redirect("quizzes:edit", found.pk)
    terms = terms_for(found, enrollment)
    rows = list(Attempt.objects.filter(quiz=found, enrollment=enrollment).defer("answers", "layout").order_by("number"))
    for row in rows:
        row.quiz = found
    running = next((row for row in rows if row.is_running), None)
    problem = None if running else taking.why_not(found, terms, rows, timezone.now())
    context = {
        "quiz": found,
        "course": found.course,
        "terms": terms,
        "attempts": rows[::-1],
        "running": running,
        "problem": problem,
        "left": taking.attempts_left(terms, len(rows)),
    }
    return render(request, "quizzes/quiz.html", context)


@login_required
@require_POST
def start(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Begin an attempt, or go on with the running one."""
    found = visible_or_404(Quiz.objects.all(), request.user, pk=quiz_id)
    begun = attempt_or_say(request, taking.start, actor=signed_in(request), quiz=found)
    return redirect("quizzes:take", begun[0].pk) if begun else redirect("quizzes:quiz", quiz_id)


def _attempt(request: HttpRequest, attempt_id: uuid.UUID) -> Attempt:
    """Return the visitor's own attempt; 403 for those who only see it."""
    found = taking.own_to_show(request.user, attempt_id)
    if found is None:
        rows = Attempt.objects.select_related("quiz__course", "enrollment__accommodation")
        found = visible_or_404(rows, request.user, pk=attempt_id)
        if found.enrollment.user_id != request.user.pk:
            raise PermissionDenied(_("Only its student answers it."))
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Answer the questions; without scripts by a form that saves and submits."""
    found = _attempt(request, attempt_id)
    if request.method == "POST":
        return _posted(request, found)
    closed = taking.close_if_overdue(found)
    if closed is None or not closed.is_running:
        return redirect("quizzes:review", attempt_id)
    return render(request, "quizzes/take.html", _room(closed))


def _posted(request: HttpRequest, found: Attempt) -> HttpResponse:
    """Save what the form holds, and submit where that button was pressed. What is wrong keeps everything typed."""
    try:
        given = _given(found, request.POST)
        if request.POST.get("action") == "submit":
            taking.submit(actor=signed_in(request), attempt=found, answers=given)
            return redirect("quizzes:review", found.pk)
        taking.save_answers(actor=signed_in(request), attempt=found, answers=given)
    except DomainError as error:
        found.refresh_from_db()
        if not found.is_running:
            return redirect("quizzes:review", found.pk)
        messages.error(request, str(error.detail))
        return render(
            request, "quizzes/take.html", _room(found, typed=_given(found, request.POST)), status=error.status
        )
    messages.success(request, _("Your answers are saved."))
    return redirect("quizzes:take", found.pk)


def _given(found: Attempt, data: QueryDict) -> dict[str, Any]:
    """Return the answers in a posted form: what was left empty is left out, what was emptied is taken back."""
    read = {
        str(version.question_id): version.kind.from_form(data, f"{FIELD}{version.question_id}")
        for version in found.versions
    }
    given = {key: answer for key, answer in read.items() if answer is not None}
    stands = {key for key, state in taking.state_of(found).items() if state["answer"] is not None}
    emptied = stands.intersection(data.getlist(ASKED)) - given.keys()
    return given | dict.fromkeys(emptied, "")


def _room(found: Attempt, typed: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the page of a running attempt shows."""
    state = taking.state_of(found)
    questions = asked(found, found.versions)
    lines = [_line(question, state.get(question.question_id, {}), typed) for question in questions]
    terms = terms_for(found.quiz, found.enrollment)
    return {
        "attempt": found,
        "quiz": found.quiz,
        "course": found.quiz.course,
        "lines": lines,
        "terms": terms,
        "deadline": taking.deadline_under(terms, found),
        "now": timezone.now(),
        "answered": sum(line.is_answered for line in lines),
    }


def _line(question: Asked, state: dict[str, Any], typed: dict[str, Any] | None) -> Line:
    answer = (typed or {}).get(question.question_id, state.get("answer"))
    return Line(question, answer, state.get("saved_at"), state.get("seq") or 0, _template(question))


def _template(question: Asked) -> str:
    if question.question_type not in TYPES:
        raise Http404
    return f"quizzes/types/{question.question_type}.html"


@login_required
@require_safe
def review(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Look back at a submitted attempt, as far as the quiz shows it."""
    found = _attempt(request, attempt_id)
    closed = taking.close_if_overdue(found)
    if closed is None or closed.is_running:
        return redirect("quizzes:take", attempt_id)
    shown = shown_to(closed, is_teacher=False)
    context = {"attempt": closed, "quiz": closed.quiz, "course": closed.quiz.course, "lines": lines_of(shown)}
    return render(request, "quizzes/review.html", context)


def lines_of(shown: Shown) -> list[Line]:
    """Return the questions of a submitted attempt with answers, marks and keys, as far as they may be seen."""
    results = {one.question_id: one for one in shown.results}
    keys = {one.question_id: one for one in shown.keys}
    versions = {str(one.question_id): one for one in shown.versions}
    lines = []
    for question in shown.questions:
        key, version = question.question_id, versions[question.question_id]
        answer = shown.answers.get(key)
        words = tuple(version.kind.in_words(version, answer)) if answer is not None else ()
        lines.append(Line(question, answer, None, 0, "", results.get(key), keys.get(key), words))
    return lines
