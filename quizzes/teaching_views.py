"""The pages that quizzes are written, looked at and marked on."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import signed_in
from courses.models import Course
from files import services as files
from lms.lib.pages import attempt, attempt_or_say
from lms.lib.paging import page_of
from lms.lib.scoping import editable_or_403
from quizzes import authoring, marking
from quizzes.api import csv_answer
from quizzes.forms import FORMS, MarkForm, NewQuizForm, QuestionForm, QuizForm, ReasonForm
from quizzes.models import Attempt, Question, Quiz
from quizzes.question_types import CHOICES, TYPES
from quizzes.results import results_of, summary_of
from quizzes.showing import shown_to
from quizzes.views import lines_of


def _quiz(request: HttpRequest, quiz_id: uuid.UUID) -> Quiz:
    return editable_or_403(Quiz.objects.select_related("course"), request.user, pk=quiz_id)


def _question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID) -> Question:
    rows = Question.objects.present().select_related("current", "quiz__course")
    return get_object_or_404(rows, pk=question_id, quiz=_quiz(request, quiz_id))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def quiz_list(request: HttpRequest, slug: str) -> HttpResponse:
    """List a course's quizzes, and begin another."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    form = NewQuizForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = attempt(form, authoring.create_quiz, actor=signed_in(request), course=course, **form.cleaned_data)
        if made:
            return redirect("quizzes:edit", made.pk)
    page = page_of(request, Quiz.objects.filter(course=course).with_counts())
    context = {"course": course, "page_obj": page, "quizzes": page.object_list, "form": form}
    return render(request, "quizzes/quiz_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Build a quiz: its rules and its questions in order."""
    quiz = _quiz(request, quiz_id)
    form = QuizForm(request.POST or None, instance=quiz, course=quiz.course)
    if request.method == "POST" and form.is_valid():
        fields = {name: form.cleaned_data[name] for name in form.changed_data}
        fresh = Quiz.objects.get(pk=quiz.pk)
        if attempt(form, authoring.update_quiz, actor=signed_in(request), quiz=fresh, **fields):
            messages.success(request, _("Saved."))
            return redirect("quizzes:edit", quiz_id)
    questions = quiz.questions.present().select_related("current")
    context = {"quiz": quiz, "course": quiz.course, "form": form, "questions": questions, "types": CHOICES}
    return render(request, "quizzes/edit.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID | None = None) -> HttpResponse:
    """Write a question: another one of the type in `?type=`, or another version of one."""
    quiz = _quiz(request, quiz_id)
    found = _question(request, quiz_id, question_id) if question_id else None
    before = found.current if found else None
    name = before.question_type if before else request.GET.get("type", "")
    if name not in TYPES:
        raise Http404
    kind = FORMS[name]
    form = kind(request.POST or None, request.FILES or None, initial=kind.initial_of(before) if before else None)
    if request.method == "POST" and form.is_valid() and _written(request, form, quiz, found, name):
        messages.success(request, _("The question is saved."))
        return redirect("quizzes:edit", quiz_id)
    context = {"quiz": quiz, "course": quiz.course, "form": form, "question": found, "type": TYPES[name]}
    return render(request, "quizzes/question.html", context)


def _written(request: HttpRequest, form: QuestionForm, quiz: Quiz, found: Question | None, name: str) -> Any:
    """Return what the services make of the form; None, with the problem on the form, where they refuse."""
    plain = {field: form.cleaned_data[field] for field in ("question_text", "points", "explanation")}
    fields = {**plain, **form.key(found.current if found else None)}
    actor, file = signed_in(request), None
    if content := form.cleaned_data["picture"]:
        shows = form.cleaned_data["picture_shows"]
        taken = attempt(form, authoring.add_picture, actor=actor, quiz=quiz, content=content, shows=shows)
        if taken is None:
            return None
        file, shown = taken
        fields["question_text"] += f"\n\n{shown}"
    if found is not None:
        done = attempt(form, authoring.change_question, actor=actor, question=found, **fields)
    else:
        done = attempt(form, authoring.add_question, actor=actor, quiz=quiz, question_type=name, **fields)
    if done is None and file is not None:
        files.delete(actor=actor, file=file)
    return done


@login_required
@require_POST
def move_question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    """Move a question one place up or down."""
    found = _question(request, quiz_id, question_id)
    authoring.move_question(actor=signed_in(request), question=found, up=request.POST.get("direction") == "up")
    return redirect("quizzes:edit", quiz_id)


@login_required
@require_POST
def delete_question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    """Take a question out."""
    found = _question(request, quiz_id, question_id)
    attempt_or_say(request, authoring.delete_question, actor=signed_in(request), question=found)
    return redirect("quizzes:edit", quiz_id)


@login_required
@require_POST
def publish(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Show a quiz to its students, or take it back."""
    quiz, published = _quiz(request, quiz_id), request.POST.get("published") == "yes"
    done = attempt_or_say(request, authoring.set_published, actor=signed_in(request), quiz=quiz, published=published)
    if done:
        said = _("Students see the quiz now.") if done.is_published else _("Students do not see the quiz any more.")
        messages.success(request, said)
    return redirect("quizzes:edit", quiz_id)


@login_required
@require_POST
def delete(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Delete a quiz that nobody has taken."""
    quiz = _quiz(request, quiz_id)
    try:
        authoring.delete_quiz(actor=signed_in(request), quiz=quiz)
    except authoring.QuizError as error:
        messages.error(request, str(error.detail))
        return redirect("quizzes:edit", quiz_id)
    messages.success(request, _("“%s” is deleted.") % quiz.title)
    return redirect("quizzes:list", quiz.course.slug)


@login_required
@require_safe
def results(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Show how each question went, and who has taken the quiz; what waits to be marked first."""
    quiz = _quiz(request, quiz_id)
    rows = quiz.attempts.submitted().defer("answers", "layout").select_related("enrollment__user")
    page = page_of(request, rows.order_by("passed", "-submitted_at", "pk"))
    context = {
        "quiz": quiz,
        "course": quiz.course,
        "summary": summary_of(quiz),
        "results": results_of(quiz),
        "page_obj": page,
        "attempts": page.object_list,
    }
    return render(request, "quizzes/results.html", context)


@login_required
@require_safe
def results_csv(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Give the results as a file."""
    return csv_answer(_quiz(request, quiz_id))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def regrade(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Show what marking by today's keys would change, and do it."""
    quiz = _quiz(request, quiz_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = marking.regrade(actor=signed_in(request), quiz=quiz, **form.cleaned_data)
        count = sum(one.before != one.after for one in done)
        messages.success(request, _("Marked again; %d scores changed.") % count)
        return redirect("quizzes:results", quiz_id)
    found = sorted(marking.preview_regrade(quiz), key=lambda one: not one.is_changed)
    page = page_of(request, found)
    context = {
        "quiz": quiz,
        "course": quiz.course,
        "form": form,
        "page_obj": page,
        "preview": page.object_list,
        "changed": sum(one.is_changed for one in found),
    }
    return render(request, "quizzes/regrade.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def mark(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Mark an attempt: its essays, or another mark than the key's, with a reason; then the next one that waits."""
    rows = Attempt.objects.submitted().select_related("quiz__course", "enrollment__user")
    found = editable_or_403(rows, request.user, pk=attempt_id)
    form = MarkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = attempt(form, marking.mark_answer, actor=signed_in(request), attempt=found, **form.cleaned_data)
        if given is not None:
            messages.success(request, _("The mark is saved."))
            return redirect("quizzes:mark", _next_waiting(given) if given.passed is not None else attempt_id)
    lines = lines_of(shown_to(found, is_teacher=True))
    context = {
        "attempt": found,
        "quiz": found.quiz,
        "course": found.quiz.course,
        "lines": lines,
        "first_waiting": next((line for line in lines if line.result and line.result.is_waiting), None),
        "others_waiting": found.quiz.attempts.submitted().filter(passed=None).exclude(pk=found.pk).count(),
        "form": form,
    }
    return render(request, "quizzes/mark.html", context)


def _next_waiting(done: Attempt) -> uuid.UUID:
    """Return the next attempt of the quiz that waits to be marked; the same where none does."""
    waiting = Attempt.objects.submitted().filter(quiz=done.quiz_id, passed=None).order_by("submitted_at", "pk")
    return waiting.values_list("pk", flat=True).first() or done.pk
