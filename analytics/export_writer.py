"""Writing of export files: by a task, a thousand rows at a time, with progress. Files are deleted after a week."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import IO, Any

from django.core.files.base import File as Bytes
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.integrations import PURPOSE
from analytics.models import Export, ExportKind
from analytics.periods import Period
from core.audit.entries import record
from core.text.csv_files import csv_lines
from enrollments.models import Enrollment
from files import services as files
from files.models import File
from files.storage import STORAGE_ERRORS, file_storage, new_key
from payments import ledger_export
from payments.models import LedgerEntry

log = logging.getLogger(__name__)
RETENTION = timedelta(days=7)
CHUNK_ROWS = 1000
STUDENT_HEAD = ("name", "email", "enrolled", "completed", "last activity", "lessons done", "progress %", "state")
ENROLLMENT_HEAD = ("enrolled", "completed", "course", "source", "state", "lessons done", "progress %")


def write_export_file(*, export_id: str) -> None:
    """Write the file of a pending export. A finished or deleted export is left unchanged, so that a task may run twice.

    If the storage fails, store an error text for the user in place of the file.
    """
    export = Export.objects.select_related("user", "course").filter(pk=export_id, finished_at=None).first()
    if export is None:
        return
    definition = CONTENT_BY_KIND[export.kind]
    rows = definition.rows(export)
    Export.objects.filter(pk=export.pk).update(rows_total=rows.count(), rows_done=0)
    with tempfile.TemporaryFile() as content:
        for line in csv_lines(_track_progress(export, definition.lines(rows))):
            content.write(line.encode())
        try:
            _store_file(export, content)
        except STORAGE_ERRORS as exception:
            log.warning("export %s could not be stored: %s", export.pk, type(exception).__name__)
            error_text = _("The file could not be stored. Try again in a few minutes.")
            Export.objects.filter(pk=export.pk).update(error=error_text, finished_at=timezone.now())


def _track_progress(export: Export, lines: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the lines and save the number of rows written after each thousand. The header line does not count."""
    for number, line in enumerate(lines):
        yield line
        if number and number % CHUNK_ROWS == 0:
            Export.objects.filter(pk=export.pk, rows_total__gte=number).update(rows_done=number)


def _store_file(export: Export, content: IO[bytes]) -> None:
    """Store the file and link it to the export. If two tasks run at once, the second discards its file."""
    size = content.tell()
    content.seek(0)
    key = file_storage().save(new_key("csv"), Bytes(content, name="export.csv"))
    try:
        with transaction.atomic():
            waiting = Export.objects.select_for_update(of=("self",)).filter(pk=export.pk, finished_at=None).first()
            if waiting is None:
                files.discard_blobs([key])
                return
            waiting.file = File.objects.create(
                purpose=PURPOSE,
                original_filename=_filename(export),
                file_size=size,
                content_type="text/csv",
                extension="csv",
                storage_provider=file_storage().provider,
                storage_path=key,
                uploaded_by=export.user,
            )
            waiting.rows_done, waiting.finished_at = waiting.rows_total, timezone.now()
            waiting.save(update_fields=["file", "rows_done", "finished_at"])
            record(actor=export.user, action="analytics.exported", target=export, changes={"kind": export.kind})
    except BaseException:
        files.discard_blobs([key])
        raise


def _filename(export: Export) -> str:
    course_part = f"-{export.course.slug}" if export.course else ""
    return f"{export.kind}{course_part}-{timezone.localdate(export.created_at):%Y-%m-%d}.csv"


def delete_expired_exports() -> int:
    """Delete the exports that are older than a week, with their files; return their number."""
    deleted = 0
    for export in Export.objects.select_related("file").filter(created_at__lt=timezone.now() - RETENTION):
        if export.file is not None:
            files.delete(actor=None, file=export.file)
        export.delete()
        deleted += 1
    return deleted


class ExportContent:
    """Content of one kind of export: its rows, and the function that turns them into lines, header first."""

    def __init__(
        self, rows: Callable[[Export], QuerySet[Any]], lines: Callable[[QuerySet[Any]], Iterator[Sequence[Any]]]
    ) -> None:
        self.rows, self.lines = rows, lines


def _enrollments_of(export: Export) -> QuerySet[Enrollment]:
    rows = Enrollment.objects.all() if export.course is None else Enrollment.objects.filter(course=export.course)
    if export.first and export.last:
        rows = rows.filter(**Period(export.first, export.last).within("enrolled_at"))
    return rows


def _with_progress(rows: QuerySet[Enrollment]) -> Iterator[Enrollment]:
    counted = Enrollment.objects.filter(pk__in=rows.values("pk")).with_progress().select_related("user", "course")
    return counted.order_by("enrolled_at", "id").iterator(chunk_size=CHUNK_ROWS)


def _student_lines(rows: QuerySet[Enrollment]) -> Iterator[Sequence[Any]]:
    yield STUDENT_HEAD
    for one in _with_progress(rows):
        yield (
            one.user.full_name, one.user.email, _format_time(one.enrolled_at), _format_time(one.completed_at),
            _format_time(one.last_activity_at), one.lessons_done, one.progress_percentage, one.state,
        )  # fmt: skip


def _enrollment_lines(rows: QuerySet[Enrollment]) -> Iterator[Sequence[Any]]:
    yield ENROLLMENT_HEAD
    for one in _with_progress(rows):
        yield (
            _format_time(one.enrolled_at), _format_time(one.completed_at), one.course.title, one.source, one.state,
            one.lessons_done, one.progress_percentage,
        )  # fmt: skip


def _ledger_entries(export: Export) -> QuerySet[LedgerEntry]:
    return ledger_export.ledger_entries(export.first, export.last)


def _format_time(moment: Any) -> str:
    """Return a time as ISO text in the site's time zone; "" for None."""
    if moment is None:
        return ""
    return timezone.localtime(moment, timezone.get_default_timezone()).isoformat(timespec="seconds")


CONTENT_BY_KIND = {
    ExportKind.STUDENTS.value: ExportContent(_enrollments_of, _student_lines),
    ExportKind.ENROLLMENTS.value: ExportContent(_enrollments_of, _enrollment_lines),
    ExportKind.LEDGER.value: ExportContent(_ledger_entries, ledger_export.iter_rows),
}
