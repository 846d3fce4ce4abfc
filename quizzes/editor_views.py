"""Instructor pages: editing quizzes, results, regrading and grading."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import signed_in
from core.access.scopes import editable_or_403
from core.http.forms import call_or_show_message, call_service
from core.http.pagination import paginate
from core.text.csv_files import csv_response
from courses.models import Course
from files import services as files
from quizzes import editor, grading
from quizzes.forms import FORMS, GradeForm, NewQuizForm, QuestionForm, QuizForm, ReasonForm
from quizzes.models import Attempt, Question, Quiz
from quizzes.question_types import CHOICES, TYPES
from quizzes.results import csv_rows, get_question_results, summarize_attempts
from quizzes.views import make_lines
from quizzes.visibility import get_visible_attempt


def _get_quiz(request: HttpRequest, quiz_id: uuid.UUID) -> Quiz:
    return editable_or_403(Quiz.objects.select_related("course"), request.user, pk=quiz_id)


def _get_question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID) -> Question:
    rows = Question.objects.present().select_related("current", "quiz__course")
    return get_object_or_404(rows, pk=question_id, quiz=_get_quiz(request, quiz_id))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def quiz_list(request: HttpRequest, slug: str) -> HttpResponse:
    """List the quizzes of a course; create a quiz."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    form = NewQuizForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        quiz = call_service(form, editor.create_quiz, actor=signed_in(request), course=course, **form.cleaned_data)
        if quiz:
            return redirect("quizzes:edit", quiz.pk)
    page = paginate(request, Quiz.objects.filter(course=course).with_counts())
    context = {"course": course, "page_obj": page, "quizzes": page.object_list, "form": form}
    return render(request, "quizzes/quiz_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Edit the settings of a quiz and list its questions."""
    quiz = _get_quiz(request, quiz_id)
    form = QuizForm(request.POST or None, instance=quiz, course=quiz.course)
    if request.method == "POST" and form.is_valid():
        fields = {name: form.cleaned_data[name] for name in form.changed_data}
        fresh = Quiz.objects.get(pk=quiz.pk)
        if call_service(form, editor.update_quiz, actor=signed_in(request), quiz=fresh, **fields):
            messages.success(request, _("Settings saved."))
            return redirect("quizzes:edit", quiz_id)
    context = {
        "quiz": quiz,
        "course": quiz.course,
        "form": form,
        "questions": quiz.questions.present().select_related("current"),
        "deleted": _get_deleted_question(quiz, request.GET.get("deleted", "")),
        "types": CHOICES,
    }
    return render(request, "quizzes/edit.html", context)


def _get_deleted_question(quiz: Quiz, question_id: str) -> Question | None:
    """Return the question that was deleted by the previous request, to offer to undo that; None without one."""
    try:
        return quiz.questions.filter(pk=question_id, is_deleted=True).first() if question_id else None
    except ValidationError:
        return None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID | None = None) -> HttpResponse:
    """Edit a question, or add one of the type in `?type=`."""
    quiz = _get_quiz(request, quiz_id)
    existing = _get_question(request, quiz_id, question_id) if question_id else None
    before = existing.current if existing else None
    name = before.question_type if before else request.GET.get("type", "")
    if name not in TYPES:
        raise Http404
    form_class = FORMS[name]
    initial = form_class.initial_from(before) if before else None
    form = form_class(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _save_question(request, form, quiz, existing, name):
        messages.success(request, _("Question saved."))
        return redirect("quizzes:edit", quiz_id)
    context = {"quiz": quiz, "course": quiz.course, "form": form, "question": existing, "type": TYPES[name]}
    return render(request, "quizzes/question.html", context)


def _save_question(request: HttpRequest, form: QuestionForm, quiz: Quiz, existing: Question | None, name: str) -> Any:
    """Return the saved question; None with the error on the form if a service raises one."""
    plain = {field: form.cleaned_data[field] for field in ("question_text", "points", "explanation")}
    fields = {**plain, **form.get_key(existing.current if existing else None)}
    actor, file = signed_in(request), None
    if content := form.cleaned_data["picture"]:
        alt = form.cleaned_data["picture_shows"]
        uploaded = call_service(form, editor.upload_picture, actor=actor, quiz=quiz, content=content, alt=alt)
        if uploaded is None:
            return None
        file, image_markdown = uploaded
        fields["question_text"] += f"\n\n{image_markdown}"
    if existing is not None:
        saved = call_service(form, editor.change_question, actor=actor, question=existing, **fields)
    else:
        saved = call_service(form, editor.add_question, actor=actor, quiz=quiz, question_type=name, **fields)
    if saved is None and file is not None:
        files.delete(actor=actor, file=file)
    return saved


@login_required
@require_POST
def move_question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    existing = _get_question(request, quiz_id, question_id)
    direction = "up" if request.POST.get("direction") == "up" else "down"
    editor.move_question(actor=signed_in(request), question=existing, up=direction == "up")
    # The fragment gives the focus back to the pressed button.
    return redirect(f"{reverse('quizzes:edit', args=[quiz_id])}#question-{question_id}-{direction}")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete_question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    """Ask for confirmation with the effects (GET), or delete the question and offer to undo that (POST)."""
    existing = _get_question(request, quiz_id, question_id)
    if request.method != "POST":
        context = {
            "quiz": existing.quiz,
            "course": existing.quiz.course,
            "question": existing,
            "answered": existing.count_answers(),
        }
        return render(request, "quizzes/delete_question.html", context)
    try:
        editor.delete_question(actor=signed_in(request), question=existing)
    except editor.QuizError as error:
        messages.error(request, str(error.detail))
        return redirect("quizzes:edit", quiz_id)
    return redirect(f"{reverse('quizzes:edit', args=[quiz_id])}?deleted={existing.pk}")


@login_required
@require_POST
def restore_question(request: HttpRequest, quiz_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    """Restore a deleted question."""
    deleted = get_object_or_404(Question, pk=question_id, quiz=_get_quiz(request, quiz_id))
    call_or_show_message(request, editor.restore_question, actor=signed_in(request), question=deleted)
    return redirect("quizzes:edit", quiz_id)


@login_required
@require_POST
def publish(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Publish or unpublish a quiz."""
    quiz, published = _get_quiz(request, quiz_id), request.POST.get("published") == "yes"
    changed = call_or_show_message(
        request, editor.set_published, actor=signed_in(request), quiz=quiz, published=published
    )
    if changed:
        messages.success(request, _describe_publication(changed))
    return redirect("quizzes:edit", quiz_id)


def _describe_publication(quiz: Quiz) -> str:
    """Return what students see after the quiz was published or unpublished."""
    if not quiz.is_published:
        return _("Quiz unpublished.")
    if not quiz.course.is_published:
        return _("Quiz published. Students will see it when you publish the course.")
    return _("Quiz published.")


@login_required
@require_POST
def delete(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    quiz = _get_quiz(request, quiz_id)
    try:
        editor.delete_quiz(actor=signed_in(request), quiz=quiz)
    except editor.QuizError as error:
        messages.error(request, str(error.detail))
        return redirect("quizzes:edit", quiz_id)
    messages.success(request, _("“%s” deleted.") % quiz.title)
    return redirect("quizzes:list", quiz.course.slug)


@login_required
@require_safe
def results(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Show the result of each question and the submitted attempts, those that await grading first."""
    quiz = _get_quiz(request, quiz_id)
    rows = quiz.attempts.submitted().defer("answers", "layout").select_related("enrollment__user")
    page = paginate(request, rows.order_by("passed", "-submitted_at", "pk"))
    context = {
        "quiz": quiz,
        "course": quiz.course,
        "summary": summarize_attempts(quiz),
        "results": get_question_results(quiz),
        "page_obj": page,
        "attempts": page.object_list,
    }
    return render(request, "quizzes/results.html", context)


@login_required
@require_safe
def results_csv(request: HttpRequest, quiz_id: uuid.UUID) -> StreamingHttpResponse:
    quiz = _get_quiz(request, quiz_id)
    return csv_response(csv_rows(quiz), f"quiz-{quiz.pk}.csv")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def regrade(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponse:
    """Preview the effects of a regrade, and regrade the attempts."""
    quiz = _get_quiz(request, quiz_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        results = grading.regrade_quiz(actor=signed_in(request), quiz=quiz, **form.cleaned_data)
        count = sum(result.has_new_points for result in results)
        message = ngettext("Regraded; %d score changed.", "Regraded; %d scores changed.", count) % count
        messages.success(request, message)
        return redirect("quizzes:results", quiz_id)
    preview = sorted(grading.preview_regrade(quiz), key=lambda result: not result.is_changed)
    page = paginate(request, preview)
    context = {
        "quiz": quiz,
        "course": quiz.course,
        "form": form,
        "page_obj": page,
        "preview": page.object_list,
        "changed": sum(result.is_changed for result in preview),
    }
    return render(request, "quizzes/regrade.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def grade(request: HttpRequest, attempt_id: uuid.UUID) -> HttpResponse:
    """Grade the answers of an attempt; when all are graded, redirect to the next attempt that awaits grading."""
    rows = Attempt.objects.submitted().select_related("quiz__course", "enrollment__user")
    submitted = editable_or_403(rows, request.user, pk=attempt_id)
    form = GradeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        graded = call_service(
            form, grading.grade_answer, actor=signed_in(request), attempt=submitted, **form.cleaned_data
        )
        if graded is not None:
            messages.success(request, _("Grade saved."))
            return redirect("quizzes:mark", _get_next_ungraded(graded) if graded.passed is not None else attempt_id)
    lines = make_lines(get_visible_attempt(submitted, is_teacher=True))
    context = {
        "attempt": submitted,
        "quiz": submitted.quiz,
        "course": submitted.quiz.course,
        "lines": lines,
        "first_waiting": next((line for line in lines if line.result and line.result.is_waiting), None),
        "others_waiting": submitted.quiz.attempts.ungraded().exclude(pk=submitted.pk).count(),
        "form": form,
    }
    return render(request, "quizzes/mark.html", context)


def _get_next_ungraded(graded: Attempt) -> uuid.UUID:
    """Return the id of the quiz's oldest attempt that awaits grading; the id of `graded` if there is none."""
    ungraded = Attempt.objects.ungraded().filter(quiz=graded.quiz_id).order_by("submitted_at", "pk")
    return ungraded.values_list("pk", flat=True).first() or graded.pk
