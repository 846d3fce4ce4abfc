"""The students' page of an assignment: instructions, submission form, submitted versions and feedback."""

import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import signed_in
from assignments import submissions as assignment_submissions
from assignments.errors import AssignmentError
from assignments.forms import SubmitForm
from assignments.models import Assignment, Submission, SubmissionFile, TextFormat
from core.access.scopes import visible_or_404
from core.http.errors import DomainError
from core.http.forms import redirect_or_location
from files.errors import FileError
from files.upload_handlers import form_errors_body, received_files


@dataclass
class Version:
    """A submission with its files and the files of the feedback."""

    submission: Submission
    files: list[Any]
    feedback_files: list[Any]


def _get_assignment(request: HttpRequest, slug: str, assignment_id: uuid.UUID) -> Assignment:
    rows = Assignment.objects.select_related("course", "lesson")
    return visible_or_404(rows, request.user, pk=assignment_id, course__slug=slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_page(request: HttpRequest, slug: str, assignment_id: uuid.UUID) -> HttpResponse:
    """Display an assignment, or submit a version. The form retains its input after an error."""
    assignment = _get_assignment(request, slug, assignment_id)
    if request.method != "POST":
        return _render_page(request, assignment, None)
    form = SubmitForm(request.POST, assignment=assignment)
    status: int = HTTPStatus.BAD_REQUEST
    try:
        uploads = received_files(request)
        if form.is_valid():
            submission = assignment_submissions.submit(
                actor=signed_in(request),
                assignment=assignment,
                content=form.cleaned_data["content"],
                text_format=TextFormat.MARKDOWN if form.cleaned_data["is_markdown"] else TextFormat.PLAIN,
                uploads=uploads,
            )
            messages.success(
                request, _("Version %d submitted. You will receive a receipt by email.") % submission.attempt
            )
            return redirect_or_location(request, assignment.get_absolute_url())
    except FileError as error:
        form.add_error("file", ValidationError(error.named_detail, code=error.code))
        status = error.status
    except DomainError as error:
        form.add_error(None, ValidationError(str(error.detail), code=error.code))
        status = error.status
    if request.headers.get("Accept") == "application/json":
        return JsonResponse(form_errors_body(form), status=status)
    return _render_page(request, assignment, form, status)


def _render_page(
    request: HttpRequest, assignment: Assignment, form: SubmitForm | None, status: int = 200
) -> HttpResponse:
    """Render the page: for students with their versions and the form, for instructors without."""
    user = signed_in(request)
    context: dict[str, Any] = {
        "assignment": assignment,
        "course": assignment.course,
        "attached": assignment.files.select_related("file"),
    }
    try:
        enrollment = assignment_submissions.get_enrollment(assignment, user)
    except AssignmentError:
        return render(request, "assignments/assignment.html", {**context, "only_reads": True}, status=status)
    submission_status = assignment_submissions.get_submission_status(assignment, enrollment)
    draft = assignment_submissions.get_draft(actor=user, assignment=assignment)
    last = submission_status.current
    initial = {
        "content": draft.content if draft else "",
        "is_markdown": last is not None and last.text_format == TextFormat.MARKDOWN,
    }
    context |= {
        "submission_status": submission_status,
        "terms": submission_status.terms,
        "late_cost": assignment_submissions.calculate_late_cost(assignment, submission_status.days_late),
        "versions": _versions(submission_status.submissions),
        "draft": draft,
        "form": form or SubmitForm(assignment=assignment, initial=initial),
    }
    return render(request, "assignments/assignment.html", context, status=status)


def _versions(submissions: list[Submission]) -> list[Version]:
    """Return the versions with their files. One query."""
    rows = SubmissionFile.objects.filter(submission__in=submissions).select_related("file")
    versions = {submission.pk: Version(submission, [], []) for submission in submissions}
    for row in rows:
        version = versions[row.submission_id]
        if not row.is_feedback:
            version.files.append(row.file)
        elif version.submission.is_feedback_visible:
            version.feedback_files.append(row.file)
    return list(versions.values())


@login_required
@require_POST
def save_draft(request: HttpRequest, slug: str, assignment_id: uuid.UUID) -> HttpResponse:
    """Save the draft of a student. Called every few seconds."""
    assignment = _get_assignment(request, slug, assignment_id)
    assignment_submissions.save_draft(
        actor=signed_in(request), assignment=assignment, content=request.POST.get("content", "")
    )
    return JsonResponse({"saved_at": time_format(timezone.localtime(), "TIME_FORMAT")})
