"""Large files: written by a task, a thousand rows at a time, with how far it is; kept among the files for a week."""

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

from analytics.access import PURPOSE
from analytics.models import Export, ExportKind
from analytics.periods import Period
from enrollments.models import Enrollment
from files import services as files
from files.models import File
from files.storage import STORAGE_ERRORS, new_key, the_storage
from lms.lib.spreadsheets import csv_lines
from lms.platform.audit import record
from payments import accounting
from payments.models import LedgerEntry

log = logging.getLogger(__name__)
KEPT = timedelta(days=7)
CHUNK = 1000
STUDENT_HEAD = ("name", "email", "enrolled", "completed", "last activity", "lessons done", "progress %", "state")
ENROLLMENT_HEAD = ("enrolled", "completed", "course", "source", "state", "lessons done", "progress %")


def write(*, export_id: str) -> None:
    """Write the file of an export that waits. A second run, and one of an export that is gone, changes nothing.

    A storage that does not answer leaves a sentence for the person who waits, in place of the file.
    """
    export = Export.objects.select_related("user", "course").filter(pk=export_id, finished_at=None).first()
    if export is None:
        return
    kind = KINDS[export.kind]
    rows = kind.rows(export)
    Export.objects.filter(pk=export.pk).update(rows_total=rows.count(), rows_done=0)
    with tempfile.TemporaryFile() as content:
        for line in csv_lines(_counted(export, kind.lines(rows))):
            content.write(line.encode())
        try:
            _keep(export, content)
        except STORAGE_ERRORS as error:
            log.warning("export %s could not be stored: %s", export.pk, type(error).__name__)
            said = _("The storage did not take the file. Ask for it again in a few minutes.")
            Export.objects.filter(pk=export.pk).update(error=said, finished_at=timezone.now())


def _counted(export: Export, lines: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the lines, and note how many there were after every thousand of them; the head does not count."""
    for number, line in enumerate(lines):
        yield line
        if number and number % CHUNK == 0:
            Export.objects.filter(pk=export.pk, rows_total__gte=number).update(rows_done=number)


def _keep(export: Export, content: IO[bytes]) -> None:
    """Store the file, and write down where; of two runs at once, the second throws its own away."""
    size = content.tell()
    content.seek(0)
    key = the_storage().save(new_key("csv"), Bytes(content, name="export.csv"))
    try:
        with transaction.atomic():
            waiting = Export.objects.select_for_update(of=("self",)).filter(pk=export.pk, finished_at=None).first()
            if waiting is None:
                files.discard_blobs([key])
                return
            waiting.file = File.objects.create(
                purpose=PURPOSE,
                original_filename=_name_of(export),
                file_size=size,
                content_type="text/csv",
                extension="csv",
                storage_provider=the_storage().provider,
                storage_path=key,
                uploaded_by=export.user,
            )
            waiting.rows_done, waiting.finished_at = waiting.rows_total, timezone.now()
            waiting.save(update_fields=["file", "rows_done", "finished_at"])
            record(actor=export.user, action="analytics.exported", target=export, changes={"kind": export.kind})
    except BaseException:
        files.discard_blobs([key])
        raise


def _name_of(export: Export) -> str:
    about = f"-{export.course.slug}" if export.course else ""
    return f"{export.kind}{about}-{timezone.localdate(export.created_at):%Y-%m-%d}.csv"


def forget_old() -> int:
    """Delete the exports that are a week old, with their files; return how many."""
    forgotten = 0
    for export in Export.objects.select_related("file").filter(created_at__lt=timezone.now() - KEPT):
        if export.file is not None:
            files.delete(actor=None, file=export.file)
        export.delete()
        forgotten += 1
    return forgotten


class Kind:
    """What is in an export: its rows, and the lines of a table that they make, the head first."""

    def __init__(
        self, rows: Callable[[Export], QuerySet[Any]], lines: Callable[[QuerySet[Any]], Iterator[Sequence[Any]]]
    ) -> None:
        self.rows, self.lines = rows, lines


def _enrollments(export: Export) -> QuerySet[Enrollment]:
    rows = Enrollment.objects.all() if export.course is None else Enrollment.objects.filter(course=export.course)
    if export.first and export.last:
        rows = rows.filter(**Period(export.first, export.last).within("enrolled_at"))
    return rows


def _with_progress(rows: QuerySet[Enrollment]) -> Iterator[Enrollment]:
    counted = Enrollment.objects.filter(pk__in=rows.values("pk")).with_progress().select_related("user", "course")
    return counted.order_by("enrolled_at", "id").iterator(chunk_size=CHUNK)


def _student_lines(rows: QuerySet[Enrollment]) -> Iterator[Sequence[Any]]:
    yield STUDENT_HEAD
    for one in _with_progress(rows):
        yield (
            one.user.full_name, one.user.email, _written(one.enrolled_at), _written(one.completed_at),
            _written(one.last_activity_at), one.lessons_done, one.progress_percentage, one.state,
        )  # fmt: skip


def _enrollment_lines(rows: QuerySet[Enrollment]) -> Iterator[Sequence[Any]]:
    yield ENROLLMENT_HEAD
    for one in _with_progress(rows):
        yield (
            _written(one.enrolled_at), _written(one.completed_at), one.course.title, one.source, one.state,
            one.lessons_done, one.progress_percentage,
        )  # fmt: skip


def _entries(export: Export) -> QuerySet[LedgerEntry]:
    return accounting.entries_between(export.first, export.last)


def _written(moment: Any) -> str:
    """Return a moment as text, where the site is."""
    if moment is None:
        return ""
    return timezone.localtime(moment, timezone.get_default_timezone()).isoformat(timespec="seconds")


KINDS = {
    ExportKind.STUDENTS.value: Kind(_enrollments, _student_lines),
    ExportKind.ENROLLMENTS.value: Kind(_enrollments, _enrollment_lines),
    ExportKind.LEDGER.value: Kind(_entries, accounting.rows),
}
