"""Large files: asked for, written by a task, fetched by who asked, forgotten after a week."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from analytics import exporting
from analytics.asking import ask_for_export
from analytics.models import Export, ExportKind
from analytics.tasks import forget_exports, write_export
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from files.models import File
from files.storage import the_storage
from lms.testing.plugin import buy_course, complete_all_lessons, person


def content_of(export: Export) -> list[str]:
    """Return the lines of an export's file."""
    export.refresh_from_db()
    assert export.file is not None
    with the_storage().open(export.file.storage_path) as content:
        return content.read().decode("utf-8-sig").splitlines()


def ask(actor: User, kind: ExportKind, **what: Any) -> Export:
    """Ask for an export, and have its task run."""
    export = ask_for_export(actor=actor, kind=kind, **what)
    write_export(str(export.pk))
    export.refresh_from_db()
    return export


@pytest.mark.quality("N04")
def test_a_name_that_is_a_formula_is_text_in_the_file(course: Course, alice: User) -> None:
    for name in ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"):
        user = person(f"x{len(name)}{ord(name[0])}")
        User.objects.filter(pk=user.pk).update(full_name=name)
        enrollments.enroll(actor=user, user=user, course=course)
    export = ask(alice, ExportKind.STUDENTS, course=course)
    lines = content_of(export)
    assert lines[0].startswith("name,email,enrolled,completed")
    assert sorted(line[:2] for line in lines[1:]) == ["'+", "'-", "'=", "'@"]


def test_the_file_says_how_far_each_student_is(enrollment: Enrollment, alice: User) -> None:
    complete_all_lessons(enrollment)
    export = ask(alice, ExportKind.STUDENTS, course=enrollment.course)
    assert (export.rows_total, export.rows_done, export.percent, export.is_over) == (1, 1, 100, True)
    assert content_of(export)[1].endswith(",3,100,completed")


def test_only_who_asked_fetches_it(
    enrollment: Enrollment, alice: User, bob: User, browser_of: Callable[..., Any]
) -> None:
    export = ask(alice, ExportKind.STUDENTS, course=enrollment.course)
    address = f"/files/{export.file_id}/"
    assert [browser_of(user).get(address).status_code for user in (None, bob, alice)] == [404, 404, 302]


def test_a_course_that_somebody_else_teaches_now_is_not_readable_any_more(
    enrollment: Enrollment, alice: User, erin: User, browser_of: Callable[..., Any]
) -> None:
    export = ask(alice, ExportKind.STUDENTS, course=enrollment.course)
    Course.objects.update(instructor=erin)
    assert browser_of(alice).get(f"/files/{export.file_id}/").status_code == 404


def test_the_page_asks_shows_progress_and_gives_the_file(
    enrollment: Enrollment, alice: User, browser_of: Callable[..., Any], django_capture_on_commit_callbacks: Any
) -> None:
    browser = browser_of(alice)
    browser.post("/teach/courses/tea/analytics/export/")
    waiting = browser.get("/exports/").content.decode()
    assert "Waiting for its turn" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    Export.objects.update(rows_total=4000, rows_done=1000)
    assert '<progress max="100" value="25"' in browser.get("/exports/").content.decode()
    write_export(str(Export.objects.get().pk))
    done = browser.get("/exports/").content.decode()
    assert "Download" in done
    assert "hx-trigger" not in done


def test_progress_is_written_after_every_thousand_rows(
    enrollment: Enrollment, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "CHUNK", 2)
    for number in range(5):
        user = person(f"Reader{number}")
        enrollments.enroll(actor=user, user=user, course=enrollment.course)
    export = ask_for_export(actor=alice, kind=ExportKind.STUDENTS, course=enrollment.course)
    seen: list[int] = []

    def watch(export: Export, content: Any) -> None:
        seen.append(Export.objects.get().rows_done)

    monkeypatch.setattr(exporting, "_keep", watch)
    write_export(str(export.pk))
    assert seen == [6]


def test_a_second_run_writes_no_second_file(enrollment: Enrollment, alice: User) -> None:
    export = ask(alice, ExportKind.STUDENTS, course=enrollment.course)
    write_export(str(export.pk))
    assert File.objects.filter(purpose="export").count() == 1


def test_the_site_s_files_are_for_staff(
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


def test_a_storage_that_is_down_is_said(enrollment: Enrollment, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: Any) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "_keep", down)
        export = ask(alice, ExportKind.STUDENTS, course=enrollment.course)
    assert "did not take the file" in export.error


def test_a_week_later_it_is_gone_with_its_bytes(enrollment: Enrollment, alice: User) -> None:
    export = ask(alice, ExportKind.STUDENTS, course=enrollment.course)
    path = export.file.storage_path
    Export.objects.update(created_at=timezone.now() - timedelta(days=8))
    with transaction.atomic():
        assert forget_exports() == 1
    assert not Export.objects.exists()
    assert not File.objects.filter(storage_path=path).exists()
