"""Tests for adding many students at once: reading, preview, import and undo."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from core.models import AuditEntry
from core.text.csv_files import csv_lines
from courses.models import Course
from enrollments import roster_import, services
from enrollments.bulk_enrollment import import_students, undo_import
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, Invitation, RosterImport, Source
from enrollments.roster_import import RosterRow, preview, read_pasted, write_pasted
from tools.testing.plugin import make_user
from tools.testing.races import count_outcomes, run_concurrently

pytestmark = pytest.mark.quality("E10")
ApiOf = Callable[[User], APIClient]
BrowserOf = Callable[[User], Client]


def codes(content: str | bytes) -> list[tuple[int, str, str]]:
    errors = preview(content.encode() if isinstance(content, str) else content).errors
    return [(error.row, error.column, error.code) for error in errors]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_are_read_in_every_encoding_and_with_every_separator(encoding: str, separator: str) -> None:
    text = (
        f"Full_Name{separator} EMAIL \r\nJosé Núñez{separator}jose@example.com\r\n\r\nZoë{separator}Zoe@Example.com\r\n"
    )
    result = preview(text.encode(encoding))
    assert result.errors == []
    assert result.rows == [RosterRow(2, "jose@example.com", "José Núñez"), RosterRow(4, "zoe@example.com", "Zoë")]


def test_all_errors_of_a_file_are_reported_with_line_and_column() -> None:
    lines = [
        "E-mail,email,full_name",
        "x,lena@,",
        "x,a@example.com,",
        "x,A@EXAMPLE.com,",
        "x,,Ana",
        "x,b@example.com,www.a.de",
    ]
    assert codes("\n".join(lines)) == [
        (2, "email", "invalid"),
        (4, "email", "duplicate"),
        (5, "email", "required"),
        (6, "full_name", "advertising"),
    ]


def test_a_line_number_counts_the_lines_of_quoted_cells() -> None:
    assert codes('full_name,email\n"Ana\nVale",ana@example.com\nBo,bo@') == [(4, "email", "invalid")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "missing_column"),
        (b"ana@example.com\n", "missing_column"),
        (b"email,Email\n", "duplicate_column"),
        (b"PK\x03\x04rest", "unreadable_file"),
        (b"\xff\xfe\x00", "unreadable_file"),
        (b"\x81\x8d", "unreadable_file"),
    ],
)
def test_a_file_without_a_usable_header_is_refused(content: bytes, code: str) -> None:
    assert [error.code for error in preview(content).errors] == [code]
    assert preview(content).errors[0].row == 1


def test_a_cell_of_a_megabyte_is_an_error_of_its_line() -> None:
    assert codes(f"email\n{'x' * 1_000_000}\nana@example.com\nlena@") == [(2, "", "too_long"), (4, "email", "invalid")]


def test_formulas_are_data() -> None:
    result = preview(b'email,full_name\n=1+1@example.com,"=HYPERLINK(""x"")"\n"=cmd|calc",\n')
    assert result.rows == [RosterRow(2, "=1+1@example.com", '=HYPERLINK("x")')]
    assert [(error.row, error.code) for error in result.errors] == [(3, "invalid")]


def test_a_file_with_too_many_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_import, "MAX_ROWS", 2)
    assert codes("email\na@example.com\nb@example.com\nc@example.com") == [(4, "", "too_many_rows")]


names = st.text("abÄß=+-;,|0", min_size=1, max_size=12)
addresses = st.from_regex(r"[a-z+=-][a-z0-9]{0,8}@example\.com", fullmatch=True)
students = st.lists(st.tuples(addresses, names), unique_by=lambda pair: pair[0], max_size=5)


@given(students)
def test_an_exported_file_is_read_unchanged(pairs: list[tuple[str, str]]) -> None:
    content = "".join(csv_lines([["email", "full_name"], *pairs])).encode()
    assert [(row.email, row.full_name) for row in preview(content).rows] == pairs


@given(students)
def test_the_text_of_a_preview_is_read_unchanged(pairs: list[tuple[str, str]]) -> None:
    rows = [RosterRow(number, email, name) for number, (email, name) in enumerate(pairs, start=1)]
    assert read_pasted(write_pasted(rows)).rows == rows


def test_pasted_addresses_are_read_with_any_separators_and_names() -> None:
    text = (
        "a@example.com; B@example.com,c@example.com\td@example.com e@example.com\n\n"
        'f@example.com Ana Vale <ana@example.com>, "Núñez, José" <jose@example.com>\na@example.com'
    )
    result = read_pasted(text)
    assert result.errors == []
    assert [row.email.partition("@")[0] for row in result.rows] == ["a", "b", "c", "d", "e", "f", "ana", "jose"]
    assert result.rows[6:] == [
        RosterRow(3, "ana@example.com", "Ana Vale"),
        RosterRow(3, "jose@example.com", "Núñez, José"),
    ]


def test_malformed_pasted_addresses_are_refused_with_their_line() -> None:
    errors = read_pasted("a@example.com\nlena@ Ana <>\nb@example.com").errors
    assert [(error.row, error.code) for error in errors] == [(2, "invalid"), (2, "required")]
    assert "“lena@” is not an email address" in errors[0].detail


# With the database


def post_file(api: APIClient, course: Course, content: str, **fields: Any) -> Any:
    file = io.BytesIO(content.encode())
    file.name = "students.csv"
    return api.post(f"/api/v1/courses/{course.pk}/enrollments/import", {"file": file, **fields}, format="multipart")


def numbers(response: Any) -> tuple[int, int, int, int]:
    body = response.json()
    return response.status_code, body["created"], body["updated"], body["unchanged"]


CLASS = "email,full_name\nbob@example.com,Robert\ncarol@example.com,\nwanda@example.com,Wanda Vale\n"


@pytest.mark.django_db
def test_a_file_enrolls_and_invites_once(
    alice: User,
    carol: User,
    course: Course,
    enrollment: Enrollment,
    api_of: ApiOf,
    django_capture_on_commit_callbacks: Any,
) -> None:
    api = api_of(alice)
    dry = post_file(api, course, CLASS, dry_run="true")
    assert (numbers(dry), dry.json()["import_id"]) == ((200, 2, 0, 1), None)
    assert not RosterImport.objects.exists()
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        first = post_file(api, course, CLASS)
    assert (numbers(first), first.json()["errors"]) == ((200, 2, 0, 1), [])
    assert sorted(message.to[0] for message in mail.outbox) == ["carol@example.com", "wanda@example.com"]
    assert Enrollment.objects.get(user=carol).source == Source.ADDED
    assert (Invitation.objects.get().full_name, User.objects.get(email="bob@example.com").full_name) == (
        "Wanda Vale",
        "Bob Example",
    )
    course.refresh_from_db()
    assert course.enrollments_count == 2
    again = post_file(api, course, CLASS)
    assert (numbers(again), again.json()["import_id"]) == ((200, 0, 0, 3), None)
    assert AuditEntry.objects.filter(action="enrollments.imported").count() == 1


@pytest.mark.django_db
def test_a_file_with_errors_writes_nothing(
    alice: User, bob: User, carol: User, erin: User, course: Course, enrollment: Enrollment, api_of: ApiOf
) -> None:
    services.remove_student(actor=alice, enrollment=enrollment, reason="Cheating")
    User.objects.filter(pk=carol.pk).update(is_active=False)
    lines = ["Email", bob.email, carol.email, alice.email, "lena@", erin.email, "wanda@example.com"]
    for dry_run in ("true", "false"):
        response = post_file(api_of(alice), course, "\n".join(lines), dry_run=dry_run)
        body = response.json()
        assert (response.status_code, body["type"], body["import_id"]) == (422, "validation_error", None)
        assert [(error["row"], error["column"], error["code"]) for error in body["errors"]] == [
            (2, "Email", "barred"),
            (3, "Email", "account_closed"),
            (4, "Email", "own_course"),
            (5, "Email", "invalid"),
        ]
        assert all(error["detail"] and error["attr"] == "Email" for error in body["errors"])
    assert not Enrollment.objects.active().exists()
    assert not Invitation.objects.exists()


@pytest.mark.django_db
def test_ended_enrollments_and_expired_invitations_are_resumed(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: ApiOf
) -> None:
    services.end_enrollment(actor=bob, enrollment=enrollment, reason="Pause")
    Invitation.objects.create(course=course, email="wanda@example.com", invited_by=alice, expires_at=timezone.now())
    response = post_file(api_of(alice), course, "email\nbob@example.com\nwanda@example.com")
    assert numbers(response) == (200, 0, 2, 0)
    enrollment.refresh_from_db()
    assert enrollment.is_active
    assert enrollment.events.last().kind == "resumed"  # type: ignore[union-attr]  # it has events
    assert Invitation.objects.pending().count() == 1


@pytest.mark.django_db
def test_an_undo_ends_what_the_import_made_except_for_students_who_worked(
    alice: User, bob: User, carol: User, course: Course, api_of: ApiOf
) -> None:
    made = post_file(api_of(alice), course, CLASS).json()["import_id"]
    lesson = course.lessons.first()
    assert lesson is not None
    services.complete_lesson(actor=bob, enrollment=Enrollment.objects.get(user=bob), lesson_id=lesson.pk)
    address = f"/api/v1/enrollment-imports/{made}/undo"
    assert api_of(bob).post(address).status_code == 404
    undone = api_of(alice).post(address)
    body = undone.json()
    assert (undone.status_code, body["ended"], body["withdrawn"]) == (200, 1, 1)
    assert [row["user"]["email"] for row in body["kept"]] == [bob.email]
    assert list(Enrollment.objects.active().values_list("user", flat=True)) == [bob.pk]
    assert not Invitation.objects.exists()
    course.refresh_from_db()
    assert course.enrollments_count == 1
    assert api_of(alice).post(address).json() == {"ended": 0, "withdrawn": 0, "kept": []}


@pytest.mark.django_db
def test_an_import_can_be_undone_for_a_day(alice: User, course: Course) -> None:
    made = import_students(actor=alice, course=course, preview=read_pasted("wanda@example.com"), notify=False)
    row = RosterImport.objects.get(pk=made.import_id)
    with time_machine.travel(timezone.now() + timedelta(hours=25)), pytest.raises(EnrollmentError) as refused:
        undo_import(actor=alice, roster_import=row)
    assert refused.value.code == "undo_expired"


@pytest.mark.django_db
def test_more_invitations_than_the_limit_are_refused_whole(
    alice: User, carol: User, course: Course, api_of: ApiOf, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.MAIL_PER_SENDER_PER_DAY = 2
    content = "email\ncarol@example.com\n" + "\n".join(f"w{number}@example.com" for number in range(3))
    refused = post_file(api_of(alice), course, content)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "too_many_mails")
    assert "you can send 2 invitations a day" in refused.json()["errors"][0]["detail"]
    assert not Enrollment.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        silent = post_file(api_of(alice), course, content, notify="false")
    assert numbers(silent) == (200, 4, 0, 0)
    assert mail.outbox == []


@pytest.mark.django_db
def test_an_import_needs_the_same_queries_for_two_students_and_for_fifty(alice: User, course: Course) -> None:
    def count(prefix: str, number: int) -> int:
        users = [make_user(f"{prefix}{index}") for index in range(number)]
        text = " ".join(
            [*(user.email for user in users), *(f"{prefix}-{index}@example.com" for index in range(number))]
        )
        with CaptureQueriesContext(connection) as queries:
            import_students(actor=alice, course=course, preview=read_pasted(text), notify=False)
        return len(queries)

    assert count("few", 2) == count("many", 50) <= 30


@pytest.mark.django_db
def test_the_instructor_pastes_addresses_sees_a_preview_and_undoes(
    alice: User, bob: User, carol: User, course: Course, enrollment: Enrollment, browser_of: BrowserOf
) -> None:
    browser, page = browser_of(alice), f"/teach/courses/{course.slug}/students/"
    wrong = browser.post(f"{page}add/", {"addresses": f"{carol.email}\nlena@"})
    assert wrong.status_code == 400
    assert "Line 2" in wrong.content.decode()
    assert 'name="apply"' not in wrong.content.decode()
    text = f"{bob.email}, Carol <{carol.email}>\nwanda@example.com"
    shown = browser.post(f"{page}add/", {"addresses": text}).content.decode()
    for heading in ("Enrolled (1)", "Invited, have no account yet (1)", "Unchanged (1)", 'name="apply"'):
        assert heading in shown
    assert not Enrollment.objects.filter(user=carol).exists()
    added = browser.post(f"{page}add/", {"addresses": text, "notify": "on", "apply": "1"}, follow=True)
    assert "1 student was enrolled, 1 was invited." in added.content.decode()
    made = RosterImport.objects.get()
    undone = browser.post(f"{page}imports/{made.pk}/undo/", follow=True)
    assert "Ended enrollments: 1, withdrawn invitations: 1." in undone.content.decode()
    assert not Enrollment.objects.active().filter(user=carol).exists()


@pytest.mark.django_db
def test_the_instructor_uploads_a_file_and_applies_its_preview(
    alice: User, bob: User, carol: User, course: Course, browser_of: BrowserOf
) -> None:
    browser, page = browser_of(alice), f"/teach/courses/{course.slug}/students/add/"
    file = io.BytesIO(CLASS.encode())
    file.name = "students.csv"
    shown = browser.post(page, {"file": file, "notify": "on"})
    text = shown.context["form"]["addresses"].value()
    assert "Wanda Vale" in text
    browser.post(page, {"addresses": text, "apply": "1"})
    assert Enrollment.objects.active().count() == 2
    assert Invitation.objects.get().full_name == "Wanda Vale"
    broken = io.BytesIO(b"name\nAna")
    broken.name = "students.csv"
    assert "has no column" in browser.post(page, {"file": broken}).content.decode()
    assert browser.post(page, {}).status_code == 400


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_add_each_student_once(alice: User, course: Course) -> None:
    users = [make_user(f"pupil{number}") for number in range(20)]
    text = " ".join([*(user.email for user in users), *(f"new{number}@example.com" for number in range(20))])
    outcomes = run_concurrently(
        4, lambda _number: import_students(actor=alice, course=course, preview=read_pasted(text), notify=False)
    )
    assert count_outcomes(outcomes) == {"RosterPlan": 4}
    assert sorted(outcome.created for outcome in outcomes) == [0, 0, 0, 40]
    assert (Enrollment.objects.count(), Invitation.objects.count(), RosterImport.objects.count()) == (20, 20, 1)
    course.refresh_from_db()
    assert course.enrollments_count == 20


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_undo_at_the_same_time_as_work_loses_no_work(alice: User, bob: User, course: Course) -> None:
    lesson = course.lessons.first()
    assert lesson is not None
    made = import_students(actor=alice, course=course, preview=read_pasted(bob.email), notify=False)
    enrollment = Enrollment.objects.get(user=bob)

    def undo_or_work(number: int) -> object:
        if number == 0:
            return undo_import(actor=alice, roster_import=RosterImport.objects.get(pk=made.import_id))
        return services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)

    report, work = run_concurrently(2, undo_or_work)
    enrollment.refresh_from_db()
    assert enrollment.is_active == isinstance(work, Enrollment) == bool(report.kept)
