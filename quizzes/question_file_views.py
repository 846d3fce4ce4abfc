"""Instructor pages: import and export of questions.

The preview of an import carries the file in a signed, compressed field of its form, so that nothing is stored for an
import that is not confirmed.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import signed_in
from core.access.scopes import editable_or_403
from core.http.errors import DomainError
from core.http.forms import call_or_show_message, call_service
from core.text.csv_files import csv_response
from files.upload_handlers import received_files
from quizzes.formats import WRITERS, moodle_xml
from quizzes.formats.encodings import decode
from quizzes.forms import ImportForm
from quizzes.models import Quiz
from quizzes.question_export import download_response
from quizzes.question_export import export_questions as export_file
from quizzes.question_import import ImportReport, get_type_label, report_rows
from quizzes.question_import import import_questions as import_file

SALT = "quizzes.question_import"
MAX_KEPT = 1_000_000  # characters; the preview contains the field twice, and a form may have 2.5 MB
MAX_AGE_SECONDS = 86_400
BADGES = {"exact": "good", "approximated": "warn", "dropped": "bad"}


@dataclass(frozen=True)
class PreviewRow:
    """A question of the preview: its badge, and the notes or the error."""

    line: int | None
    title: str
    type_label: str
    label: str
    kind: str
    notes: tuple[str, ...]


def _get_quiz(request: HttpRequest, quiz_id: uuid.UUID) -> Quiz:
    return editable_or_403(Quiz.objects.select_related("course"), request.user, pk=quiz_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_questions(request: HttpRequest, quiz_id: uuid.UUID) -> HttpResponseBase:
    """Upload a file, preview the import, then confirm it or download its report (`action`)."""
    quiz = _get_quiz(request, quiz_id)
    if "kept" in request.POST:
        return _finish(request, quiz)
    if request.method != "POST":
        return _render(request, quiz, ImportForm())
    try:
        received_files(request)  # raises the error of an upload that was stopped while it arrived
    except DomainError as error:
        messages.error(request, str(error.detail))
        return _render(request, quiz, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    report, kept = _preview(request, quiz, form) if form.is_valid() else (None, "")
    return _render(request, quiz, form, report, kept)


def _preview(request: HttpRequest, quiz: Quiz, form: ImportForm) -> tuple[ImportReport | None, str]:
    """Return the report of a dry run and the file for the form of the preview; None with the error on the form."""
    text = call_service(form, _read_text, content=form.cleaned_data["file"].read())
    if text is None:
        return None, ""
    file = {"text": text, "format": form.cleaned_data["format"] or None}
    kept = signing.dumps(file, salt=SALT, compress=True)
    if len(kept) > MAX_KEPT:
        form.add_error(None, _("The file is too large for a preview. Split it, or use the API."))
        return None, ""
    report = call_service(form, import_file, actor=signed_in(request), quiz=quiz, dry_run=True, **_import_fields(file))
    return report, kept


def _read_text(*, content: bytes) -> str:
    return moodle_xml.remove_files(decode(content))


def _import_fields(file: dict[str, Any]) -> dict[str, Any]:
    return {"content": file["text"].encode(), "format": file["format"]}


def _finish(request: HttpRequest, quiz: Quiz) -> HttpResponseBase:
    """Import the file of the preview, or return its report as CSV."""
    try:
        file = signing.loads(request.POST["kept"], salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        messages.error(request, _("The preview has expired. Choose the file again."))
        return _render(request, quiz, ImportForm())
    is_report = request.POST.get("action") == "report"
    fields = _import_fields(file)
    report = call_or_show_message(
        request, import_file, actor=signed_in(request), quiz=quiz, dry_run=is_report, **fields
    )
    if report is None:
        return _render(request, quiz, ImportForm())
    if is_report:
        return csv_response(report_rows(report), f"import-{quiz.pk}.csv")
    count = report.created
    messages.success(request, ngettext("%d question imported.", "%d questions imported.", count) % count)
    return redirect("quizzes:edit", quiz.pk)


def _render(
    request: HttpRequest, quiz: Quiz, form: ImportForm, report: ImportReport | None = None, kept: str = ""
) -> HttpResponse:
    context = {
        "quiz": quiz,
        "course": quiz.course,
        "form": form,
        "report": report,
        "rows": _preview_rows(report) if report else [],
        "kept": kept,
    }
    return render(request, "quizzes/import.html", context)


def _preview_rows(report: ImportReport) -> list[PreviewRow]:
    labels = {"exact": _("Exact"), "approximated": _("Approximated"), "dropped": _("Dropped")}
    rows = [
        PreviewRow(one.line, one.title, get_type_label(one), labels[one.fidelity], BADGES[one.fidelity], one.notes)
        for one in report.questions
    ]
    rows += [PreviewRow(one.line, "", "", _("Error"), "bad", (one.detail,)) for one in report.errors]
    return sorted(rows, key=lambda row: row.line or 0)


@login_required
@require_safe
def export_questions(request: HttpRequest, quiz_id: uuid.UUID, file_format: str) -> HttpResponse:
    """Download the questions in the format `file_format`."""
    quiz = _get_quiz(request, quiz_id)
    if file_format not in WRITERS:
        raise Http404
    return download_response(quiz, file_format, export_file(quiz, file_format))
