"""The student's page of an assignment: the brief, what being late costs, handing in, and what came back."""

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
from assignments import handing_in
from assignments.errors import AssignmentError
from assignments.forms import SubmitForm
from assignments.models import Assignment, Submission, SubmissionFile
from files.errors import FileError
from files.uploading import form_errors_body, received
from lms.lib.errors import DomainError
from lms.lib.pages import go_on
from lms.lib.scoping import visible_or_404


@dataclass
class Version:
    """One version with what was handed in and what came back."""

    submission: Submission
    handed: list[Any]
    back: list[Any]


def _assignment(request: HttpRequest, slug: str, assignment_id: uuid.UUID) -> Assignment:
    rows = Assignment.objects.select_related("course", "lesson")
    return visible_or_404(rows, request.user, pk=assignment_id, course__slug=slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assignment(request: HttpRequest, slug: str, assignment_id: uuid.UUID) -> HttpResponse:
    """Read the brief, and hand in. Nothing typed is lost when it is refused."""
    found = _assignment(request, slug, assignment_id)
    if request.method != "POST":
        return _page(request, found, None)
    form = SubmitForm(request.POST, assignment=found)
    status: int = HTTPStatus.BAD_REQUEST
    try:
        uploads = received(request)
        if form.is_valid():
            made = handing_in.submit(
                actor=signed_in(request), assignment=found, content=form.cleaned_data["content"], uploads=uploads
            )
            messages.success(
                request, _("Version %d is handed in. A receipt is on its way to you by mail.") % made.attempt
            )
            return go_on(request, found.get_absolute_url())
    except FileError as error:
        form.add_error("file", ValidationError(error.named_detail, code=error.code))
        status = error.status
    except DomainError as error:
        form.add_error(None, ValidationError(str(error.detail), code=error.code))
        status = error.status
    if request.headers.get("Accept") == "application/json":
        return JsonResponse(form_errors_body(form), status=status)
    return _page(request, found, form, status)


def _page(request: HttpRequest, found: Assignment, form: SubmitForm | None, status: int = 200) -> HttpResponse:
    """Show the page: with all versions to its student, without handing in to whoever teaches it."""
    user = signed_in(request)
    context: dict[str, Any] = {
        "assignment": found,
        "course": found.course,
        "attached": found.files.select_related("file"),
    }
    try:
        enrollment = handing_in.enrollment_of(found, user)
    except AssignmentError:
        return render(request, "assignments/assignment.html", {**context, "only_reads": True}, status=status)
    standing = handing_in.standing_of(found, enrollment)
    draft = handing_in.draft_of(actor=user, assignment=found)
    context |= {
        "standing": standing,
        "terms": standing.terms,
        "price": handing_in.price_of(found, standing.days_late),
        "tomorrow": handing_in.price_of(found, standing.days_late + 1),
        "versions": _versions(standing.submissions),
        "draft": draft,
        "form": form or SubmitForm(assignment=found, initial={"content": draft.content if draft else ""}),
    }
    return render(request, "assignments/assignment.html", context, status=status)


def _versions(submissions: list[Submission]) -> list[Version]:
    """Return the versions with their files. One query more."""
    rows = SubmissionFile.objects.filter(submission__in=submissions).select_related("file")
    versions = {one.pk: Version(one, [], []) for one in submissions}
    for row in rows:
        version = versions[row.submission_id]
        if not row.is_feedback:
            version.handed.append(row.file)
        elif version.submission.is_released:
            version.back.append(row.file)
    return list(versions.values())


@login_required
@require_POST
def keep_draft(request: HttpRequest, slug: str, assignment_id: uuid.UUID) -> HttpResponse:
    """Keep what a student types, every few seconds."""
    found = _assignment(request, slug, assignment_id)
    handing_in.keep_draft(actor=signed_in(request), assignment=found, content=request.POST.get("content", ""))
    return JsonResponse({"saved_at": time_format(timezone.localtime(), "TIME_FORMAT")})
