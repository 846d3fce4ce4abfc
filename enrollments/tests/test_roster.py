"""Tests for the roster of a course: who is listed, and adding one student."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from core.models import AuditEntry
from courses.models import Course
from courses.services import unpublish_course
from enrollments import services
from enrollments.grades import record_grade
from enrollments.models import Enrollment, Invitation, Source
from enrollments.roster import add_student
from tools.testing.plugin import complete_all_lessons, make_graded_item, make_user
from tools.testing.races import run_concurrently

pytestmark = [pytest.mark.quality("E08"), pytest.mark.django_db]
ApiOf = Callable[[User], APIClient]


def roster_of(course: Course) -> str:
    return f"/api/v1/courses/{course.pk}/enrollments/"


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


@pytest.fixture
def students(course: Course) -> list[User]:
    """Return three students: one who completed the course, one with a lesson, and one whose enrollment ended."""
    users = [make_user(name) for name in ("Zoe", "adam", "Émile")]
    enrollments = [services.enroll(actor=user, user=user, course=course) for user in users]
    complete_all_lessons(enrollments[0])
    lesson = course.lessons.first()
    assert lesson is not None
    services.complete_lesson(actor=users[1], enrollment=enrollments[1], lesson_id=lesson.pk)
    services.end_enrollment(actor=users[2], enrollment=enrollments[2], reason="Over")
    return users


def names(api: APIClient, course: Course, **query: Any) -> list[str]:
    response = api.get(roster_of(course), query)
    assert response.status_code == 200, response.content
    return [row["user"]["full_name"].split()[0] for row in response.json()["results"]]


def test_a_row_has_the_student_the_progress_and_the_final_grade(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: ApiOf
) -> None:
    record_grade(actor=alice, item=make_graded_item(course), enrollment=enrollment, points=Decimal("7.5"))
    row = api_of(alice).get(roster_of(course)).json()["results"][0]
    assert row["user"] == {"id": str(bob.pk), "full_name": "Bob Example", "email": "bob@example.com"}
    assert (row["id"], row["progress_percentage"], row["final_grade"]) == (str(enrollment.pk), 0, "75.00")
    assert (row["completed_at"], row["is_active"]) == (None, True)
    assert {"enrolled_at", "last_activity_at"} <= row.keys()


def test_the_roster_is_filtered_by_name_state_and_progress(
    alice: User, course: Course, students: list[User], api_of: ApiOf
) -> None:
    api = api_of(alice)
    assert names(api, course, q="ZOE") == ["Zoe"]
    assert names(api, course, q="adam@exam") == ["adam"]
    assert names(api, course, active="false") == ["Émile"]
    assert set(names(api, course, active="true")) == {"Zoe", "adam"}
    assert names(api, course, progress_min=33, progress_max=99) == ["adam"]
    assert names(api, course, progress_max=0) == ["Émile"]
    assert names(api, course, progress_min=100) == ["Zoe"]
    assert api.get(roster_of(course), {"progress_min": "-1"}).status_code == 400
    assert api.get(roster_of(course), {"active": "maybe"}).status_code == 400


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("name", ["adam", "Émile", "Zoe"]),
        ("-name", ["Zoe", "Émile", "adam"]),
        ("progress", ["Émile", "adam", "Zoe"]),
        ("-progress", ["Zoe", "adam", "Émile"]),
        ("-last_activity", ["adam", "Zoe", "Émile"]),
        ("last_activity", ["Émile", "Zoe", "adam"]),
    ],
)
def test_the_roster_is_sorted(
    ordering: str, expected: list[str], alice: User, course: Course, students: list[User], api_of: ApiOf
) -> None:
    assert names(api_of(alice), course, ordering=ordering) == expected


def test_the_instructor_adds_a_user_once(
    alice: User, carol: User, paid_course: Course, api_of: ApiOf, django_capture_on_commit_callbacks: Any
) -> None:
    api = api_of(alice)
    with django_capture_on_commit_callbacks(execute=True):
        answers = [api.post(roster_of(paid_course), {"user_id": str(carol.pk)}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    enrollment = Enrollment.objects.get(user=carol)
    assert (enrollment.source, answers[0].json()["id"]) == (Source.ADDED, str(enrollment.pk))
    assert [message.to for message in mail.outbox] == [["carol@example.com"]]
    entry = AuditEntry.objects.get(action="enrollments.enrolled", target_id=str(enrollment.pk))
    assert (entry.actor, entry.subject) == (alice, carol)
    assert entry.changes == {"course": str(paid_course.pk), "source": "added", "without_payment": True}


def test_an_address_is_enrolled_with_an_account_and_invited_without(
    alice: User, carol: User, course: Course, api_of: ApiOf
) -> None:
    api = api_of(alice)
    assert api.post(roster_of(course), {"email": " Carol@Example.com"}).status_code == 201
    invited = api.post(roster_of(course), {"email": "wanda@example.com"})
    assert (invited.status_code, invited.json()["status"]) == (202, "invited")
    assert invited.json()["invitation"]["email"] == Invitation.objects.get().email == "wanda@example.com"


def test_a_student_who_was_removed_is_readmitted(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: ApiOf
) -> None:
    services.remove_student(actor=alice, enrollment=enrollment, reason="Cheating")
    assert api_of(alice).post(roster_of(course), {"email": bob.email}).status_code == 201
    enrollment.refresh_from_db()
    assert (enrollment.is_active, enrollment.is_barred) == (True, False)
    assert enrollment.events.last().kind == "readmitted"  # type: ignore[union-attr]  # it has events


def test_requests_that_add_no_student_are_refused(alice: User, carol: User, course: Course, api_of: ApiOf) -> None:
    api, address = api_of(alice), roster_of(course)
    assert api.post(address, {}).status_code == 400
    assert api.post(address, {"user_id": str(carol.pk), "email": carol.email}).status_code == 400
    assert api.post(address, {"email": "lena@"}).status_code == 400
    assert error_of(api.post(address, {"user_id": str(course.pk)})) == (404, "unknown_user")
    assert error_of(api.post(address, {"email": alice.email})) == (409, "own_course")
    User.objects.filter(pk=carol.pk).update(is_active=False)
    assert error_of(api.post(address, {"email": carol.email})) == (409, "account_closed")
    unpublish_course(actor=alice, course=course)
    assert error_of(api.post(address, {"email": "wanda@example.com"})) == (409, "not_published")
    assert not Enrollment.objects.exists()
    assert not Invitation.objects.exists()


def test_the_page_of_students_is_searched_and_sorted(
    alice: User, course: Course, students: list[User], browser_of: Callable[[User], Client]
) -> None:
    browser, address = browser_of(alice), f"/teach/courses/{course.slug}/students/"
    found = browser.get(address, {"q": "adam"}).content.decode()
    assert "adam@example.com" in found
    assert "zoe@example.com" not in found
    assert "No students found" in browser.get(address, {"q": "nemo"}).content.decode()
    ordered = browser.get(address, {"ordering": "name"}).content.decode()
    assert ordered.index("adam@example.com") < ordered.index("zoe@example.com")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_of_twenty_concurrent_additions_enrolls(alice: User, carol: User, course: Course) -> None:
    outcomes = run_concurrently(20, lambda _number: add_student(actor=alice, course=course, user=carol))
    assert [type(outcome).__name__ for outcome in outcomes] == ["AddedStudent"] * 20
    assert sorted(outcome.is_new for outcome in outcomes) == [False] * 19 + [True]
    assert all(outcome.enrollment is not None and outcome.invitation is None for outcome in outcomes)
    assert Enrollment.objects.count() == 1
