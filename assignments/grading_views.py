"""Views of the grading queue and the grading page."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic import ListView

from accounts.permissions import signed_in
from assignments import grading
from assignments.forms import GradeForm
from assignments.models import GradeChange, Submission
from core.access.scopes import editable_or_403
from core.http.errors import DomainError
from core.http.forms import call_or_show_message
from core.http.middleware import allow_frames
from core.http.pagination import PAGE_SIZE
from courses.editor_views import TeachersOnlyMixin
from enrollments.registry import list_waiting_work
from files.models import File
from files.storage import STORAGE_ERRORS, file_storage
from files.upload_handlers import received_files

MAX_TEXT_BYTES = 200_000


class GradingQueueView(TeachersOnlyMixin, ListView[Submission]):
    """Submissions that await grading, oldest first; with `?graded=1` graded submissions, newest first."""

    template_name = "assignments/queue.html"
    context_object_name = "submissions"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Submission]:
        """Return the submissions that the user may grade."""
        submissions = Submission.objects.all().editable_by(self.request.user).for_lists()
        if self.request.GET.get("graded"):
            return submissions.filter(graded_at__isnull=False).current().order_by("-graded_at", "id")
        return submissions.waiting()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which of the two lists is displayed, and the quizzes with answers to grade."""
        is_graded = bool(self.request.GET.get("graded"))
        if not is_graded:
            kwargs["waiting_work"] = list_waiting_work(self.request.user)
        return super().get_context_data(shows_graded=is_graded, shows_waiting=not is_graded, **kwargs)


def _get_submission(request: HttpRequest, submission_id: uuid.UUID) -> Submission:
    rows = Submission.objects.all().for_lists().select_related("enrollment")
    return editable_or_403(rows, request.user, pk=submission_id)


@allow_frames
@require_http_methods(["GET", "HEAD", "POST"])
def grade(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponse:
    """Display and grade a submission; after grading, redirect to the assignment's next one that awaits grading."""
    submission = _get_submission(request, submission_id)
    if request.method != "POST":
        return _render_page(request, submission, None)
    then = request.POST.get("then")
    is_return = then == "return"
    form = GradeForm(request.POST, submission=submission, needs_grade=not is_return)
    if not form.is_valid():
        return _render_page(request, submission, form, 400)
    try:
        fields = {"reason": "", **form.cleaned_data}
        graded = grading.grade_submission(
            actor=signed_in(request),
            submission=submission,
            uploads=received_files(request),
            release=then != "hold",
            return_for_revision=is_return,
            **{**fields, "new_due_at": fields["new_due_at"] if is_return else None},
        )
    except DomainError as error:
        form.add_error(None, str(error.detail))
        return _render_page(request, _get_submission(request, submission_id), form, error.status)
    messages.success(request, _describe_grading(graded))
    next_submission = submission.assignment.submissions.waiting().first()
    return redirect("assignments:grade", next_submission.pk) if next_submission else redirect("assignments:queue")


def _describe_grading(graded: Submission) -> str:
    if graded.is_returned:
        return _("The work of %s was returned for revision.") % graded.user.full_name
    return _("%(name)s: %(grade)d of %(points)d points.") % {
        "name": graded.user.full_name,
        "grade": graded.grade,
        "points": graded.assignment.points,
    }


def _render_page(
    request: HttpRequest, submission: Submission, form: GradeForm | None, status: int = 200
) -> HttpResponse:
    """Render a submission with its files, form and history, and links to the assignment's previous and next one."""
    waiting = list(submission.assignment.submissions.waiting().values_list("pk", flat=True)[:500])
    index = waiting.index(submission.pk) if submission.pk in waiting else -1
    files = list(submission.files.select_related("file"))
    initial = {"grade": submission.raw_grade, "feedback": submission.feedback, "version": submission.version}
    context = {
        "submission": submission,
        "assignment": submission.assignment,
        "course": submission.assignment.course,
        "work_files": [_load_text(row.file) for row in files if not row.is_feedback],
        "feedback_files": [row.file for row in files if row.is_feedback],
        "history": submission.grade_changes.select_related("graded_by"),
        "form": form or GradeForm(submission=submission, initial=initial),
        "previous": waiting[index - 1] if index > 0 else None,
        "next": waiting[index + 1] if index + 1 < len(waiting) else None,
        "waiting": len(waiting),
    }
    return render(request, "assignments/grade.html", context, status=status)


def _load_text(file: File) -> dict[str, Any]:
    """Return a file with its text, or None as text for other types. The template escapes the text."""
    if not file.is_text:
        return {"file": file, "text": None}
    try:
        content = b"".join(file_storage().chunks(file.storage_path, 0, min(file.file_size, MAX_TEXT_BYTES)))
    except STORAGE_ERRORS:
        return {"file": file, "text": None}
    return {"file": file, "text": content.decode("utf-8", errors="replace")}


@require_POST
def revert(request: HttpRequest, submission_id: uuid.UUID, change_id: int) -> HttpResponse:
    """Restore a grade of the history. This adds an entry to the history."""
    submission = _get_submission(request, submission_id)
    rows = GradeChange.objects.select_related("submission__assignment__course", "submission__user")
    change = get_object_or_404(rows, pk=change_id, submission=submission)
    value = request.POST.get("version", "")
    version = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
    actor = signed_in(request)
    if call_or_show_message(request, grading.revert_grade, actor=actor, change=change, version=version):
        messages.success(request, _("The grade was restored to %d.") % change.grade)
    return redirect("assignments:grade", submission_id)
