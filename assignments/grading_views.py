"""Grading: what waits in all my courses, one submission after another, the work beside the form."""

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
from courses.editor_views import TeachersOnlyMixin
from files.models import File
from files.storage import STORAGE_ERRORS, the_storage
from files.uploading import received
from lms.lib.errors import DomainError
from lms.lib.pages import attempt_or_say
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import editable_or_403

SHOWN_TEXT = 200_000


class GradingQueueView(TeachersOnlyMixin, ListView[Submission]):
    """What waits to be graded, longest waiting first; with `?graded=1` what is graded, newest first."""

    template_name = "assignments/queue.html"
    context_object_name = "submissions"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Submission]:
        """Return the submissions of the courses that the user teaches."""
        mine = Submission.objects.all().editable_by(self.request.user).for_lists()
        if self.request.GET.get("graded"):
            return mine.filter(graded_at__isnull=False).current().order_by("-graded_at", "id")
        return mine.waiting()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which of the two lists it is."""
        graded = bool(self.request.GET.get("graded"))
        return super().get_context_data(shows_graded=graded, shows_waiting=not graded, **kwargs)


def _submission(request: HttpRequest, submission_id: uuid.UUID) -> Submission:
    rows = Submission.objects.all().for_lists().select_related("enrollment")
    return editable_or_403(rows, request.user, pk=submission_id)


@require_http_methods(["GET", "HEAD", "POST"])
def grade(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponse:
    """Look at a submission and grade it; then the next one that waits."""
    submission = _submission(request, submission_id)
    if request.method != "POST":
        return _page(request, submission, None)
    form = GradeForm(request.POST, submission=submission)
    if not form.is_valid():
        return _page(request, submission, form, 400)
    try:
        fields = {"reason": "", **form.cleaned_data}
        release = request.POST.get("then") != "hold"
        graded = grading.grade_submission(
            actor=signed_in(request), submission=submission, uploads=received(request), release=release, **fields
        )
    except DomainError as error:
        form.add_error(None, str(error.detail))
        return _page(request, _submission(request, submission_id), form, error.status)
    said = _("%(name)s: %(grade)d of %(points)d.")
    points = graded.assignment.points
    messages.success(request, said % {"name": graded.user.full_name, "grade": graded.grade, "points": points})
    following = Submission.objects.all().editable_by(request.user).waiting().first()
    return redirect("assignments:grade", following.pk) if following else redirect("assignments:queue")


def _page(request: HttpRequest, submission: Submission, form: GradeForm | None, status: int = 200) -> HttpResponse:
    """Show a submission with its files beside the form, its history, and its neighbours in the queue."""
    waiting = list(Submission.objects.all().editable_by(request.user).waiting().values_list("pk", flat=True)[:500])
    place = waiting.index(submission.pk) if submission.pk in waiting else -1
    files = list(submission.files.select_related("file"))
    initial = {"grade": submission.raw_grade, "feedback": submission.feedback, "version": submission.version}
    context = {
        "submission": submission,
        "assignment": submission.assignment,
        "course": submission.assignment.course,
        "shown": [_shown(row.file) for row in files if not row.is_feedback],
        "back": [row.file for row in files if row.is_feedback],
        "history": submission.grade_changes.select_related("graded_by"),
        "form": form or GradeForm(submission=submission, initial=initial),
        "previous": waiting[place - 1] if place > 0 else None,
        "next": waiting[place + 1] if place + 1 < len(waiting) else None,
        "waiting": len(waiting),
    }
    return render(request, "assignments/grade.html", context, status=status)


def _shown(file: File) -> dict[str, Any]:
    """Return a file with its text, where it is one: escaped by the template, it runs nothing."""
    if not file.is_text:
        return {"file": file, "text": None}
    try:
        read = b"".join(the_storage().chunks(file.storage_path, 0, min(file.file_size, SHOWN_TEXT)))
    except STORAGE_ERRORS:
        return {"file": file, "text": None}
    return {"file": file, "text": read.decode("utf-8", errors="replace")}


@require_POST
def revert(request: HttpRequest, submission_id: uuid.UUID, change_id: int) -> HttpResponse:
    """Go back to a grade of the history; that is a line of the history, too."""
    submission = _submission(request, submission_id)
    rows = GradeChange.objects.select_related("submission__assignment__course", "submission__user")
    change = get_object_or_404(rows, pk=change_id, submission=submission)
    given = request.POST.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    actor = signed_in(request)
    if attempt_or_say(request, grading.revert_grade, actor=actor, change=change, version=version):
        messages.success(request, _("The grade is back to %d.") % change.grade)
    return redirect("assignments:grade", submission_id)
