"""Tests of exports: request, task, download and deletion."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from analytics import export_writer
from analytics.export_requests import request_export
from analytics.models import Export, ExportKind
from analytics.tasks import forget_exports, write_export
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from files.models import File
from files.storage import file_storage
from tools.testing.plugin import buy_course, complete_all_lessons, make_user


def content_of(export: Export) -> list[str]:
    """Return the lines of an export's file."""
    export.refresh_from_db()
    assert export.file is not None
    with file_storage().open(export.file.storage_path) as content:
        return content.read().decode("utf-8-sig").splitlines()


def create_export(actor: User, kind: ExportKind, **options: Any) -> Export:
    """Request an export and run its task."""
    export = request_export(actor=actor, kind=kind, **options)
    write_export(str(export.pk))
    export.refresh_from_db()
    return export


@pytest.mark.quality("N04")
def test_formulas_in_names_are_escaped_in_the_export(course: Course, alice: User) -> None:
    for name in ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"):
        user = make_user(f"x{len(name)}{ord(name[0])}")
        User.objects.filter(pk=user.pk).update(full_name=name)
        enrollments.enroll(actor=user, user=user, course=course)
    export = create_export(alice, ExportKind.STUDENTS, course=course)
    lines = content_of(export)
    assert lines[0].startswith("name,email,enrolled,completed")
    assert sorted(line[:2] for line in lines[1:]) == ["'+", "'-", "'=", "'@"]


def test_the_students_export_contains_progress_and_state(enrollment: Enrollment, alice: User) -> None:
    complete_all_lessons(enrollment)
    export = create_export(alice, ExportKind.STUDENTS, course=enrollment.course)
    assert (export.rows_total, export.rows_done, export.percent, export.is_finished) == (1, 1, 100, True)
    assert content_of(export)[1].endswith(",3,100,completed")


def test_only_the_requesting_user_can_download_an_export(
    enrollment: Enrollment, alice: User, bob: User, browser_of: Callable[..., Any]
) -> None:
    export = create_export(alice, ExportKind.STUDENTS, course=enrollment.course)
    address = f"/files/{export.file_id}/"
    assert [browser_of(user).get(address).status_code for user in (None, bob, alice)] == [404, 404, 302]


def test_a_former_instructor_cannot_download_the_export(
    enrollment: Enrollment, alice: User, erin: User, browser_of: Callable[..., Any]
) -> None:
    export = create_export(alice, ExportKind.STUDENTS, course=enrollment.course)
    Course.objects.update(instructor=erin)
    assert browser_of(alice).get(f"/files/{export.file_id}/").status_code == 404


def test_the_exports_page_shows_progress_and_then_the_download(
    enrollment: Enrollment, alice: User, browser_of: Callable[..., Any], django_capture_on_commit_callbacks: Any
) -> None:
    browser = browser_of(alice)
    browser.post("/teach/courses/tea/analytics/export/")
    waiting = browser.get("/exports/").content.decode()
    assert "Queued" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    Export.objects.update(rows_total=4000, rows_done=1000)
    assert '<progress max="100" value="25"' in browser.get("/exports/").content.decode()
    write_export(str(Export.objects.get().pk))
    done = browser.get("/exports/").content.decode()
    assert "Download" in done
    assert "hx-trigger" not in done


def test_progress_is_saved_after_each_chunk_of_rows(
    enrollment: Enrollment, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_writer, "CHUNK_ROWS", 2)
    for number in range(5):
        user = make_user(f"Reader{number}")
        enrollments.enroll(actor=user, user=user, course=enrollment.course)
    export = request_export(actor=alice, kind=ExportKind.STUDENTS, course=enrollment.course)
    seen: list[int] = []

    def watch(export: Export, content: Any) -> None:
        seen.append(Export.objects.get().rows_done)

    monkeypatch.setattr(export_writer, "_store_file", watch)
    write_export(str(export.pk))
    assert seen == [6]


def test_running_the_export_task_twice_creates_one_file(enrollment: Enrollment, alice: User) -> None:
    export = create_export(alice, ExportKind.STUDENTS, course=enrollment.course)
    write_export(str(export.pk))
    assert File.objects.filter(purpose="export").count() == 1


def test_site_exports_are_restricted_to_admins(
    paid_course: Course, bob: User, dan: User, browser_of: Callable[..., Any]
) -> None:
    buy_course(bob, paid_course)
    day = timezone.now().date().isoformat()
    body = {"kind": "ledger", "date_from": day, "date_to": day}
    assert browser_of(bob).post("/analytics/export/", body).status_code == 403
    assert browser_of(dan).post("/analytics/export/", body).status_code == 302
    export = Export.objects.get()
    write_export(str(export.pk))
    lines = content_of(export)
    assert lines[0].startswith("date,entry,kind")
    assert "49.00,EUR" in lines[1]


def test_a_storage_failure_is_reported_on_the_export(
    enrollment: Enrollment, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*args: Any) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(export_writer, "_store_file", down)
        export = create_export(alice, ExportKind.STUDENTS, course=enrollment.course)
    assert "could not be stored" in export.error


def test_exports_are_deleted_with_their_files_after_a_week(enrollment: Enrollment, alice: User) -> None:
    export = create_export(alice, ExportKind.STUDENTS, course=enrollment.course)
    path = export.file.storage_path
    Export.objects.update(created_at=timezone.now() - timedelta(days=8))
    with transaction.atomic():
        assert forget_exports() == 1
    assert not Export.objects.exists()
    assert not File.objects.filter(storage_path=path).exists()
