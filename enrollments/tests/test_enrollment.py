"""Tests for invitations, the list of students and the history of enrollments."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses import services as courses
from courses.models import Course
from enrollments import services
from enrollments.errors import EnrollmentError
from enrollments.invitations import accept_invitation, send_invitation
from enrollments.models import Enrollment, EnrollmentEvent, Invitation, Source
from tools.testing.plugin import complete_all_lessons
from tools.testing.races import count_outcomes, run_concurrently

BrowserOf = Callable[[User | None], Client]


@pytest.mark.quality("E06")
def test_each_change_of_an_enrollment_appends_an_event(
    bob: User, dan: User, course: Course, enrollment: Enrollment
) -> None:
    services.end_enrollment(actor=dan, enrollment=enrollment, reason="refunded")
    services.end_enrollment(actor=dan, enrollment=enrollment, reason="again")
    services.enroll(actor=bob, user=bob, course=course)
    complete_all_lessons(enrollment)
    steps = EnrollmentEvent.objects.filter(enrollment=enrollment).values_list("kind", "actor", "reason")
    assert list(steps) == [
        ("enrolled", bob.pk, "free"),
        ("revoked", dan.pk, "refunded"),
        ("resumed", bob.pk, "free"),
        ("completed", bob.pk, ""),
    ]


def test_an_invitation_enrolls_one_person_in_a_paid_course_once(
    alice: User, bob: User, carol: User, paid_course: Course, browser_of: BrowserOf, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        browser_of(alice).post(f"/teach/courses/{paid_course.slug}/students/invite/", {"email": "New@Example.com"})
    invitation = Invitation.objects.get()
    path = f"/invitations/{invitation.token}/"
    assert mail.outbox[-1].to == ["new@example.com"]
    assert path in mail.outbox[-1].body

    assert browser_of(None).get(path).status_code == 200
    assert browser_of(None).post(path)["Location"].startswith("/account/login/?next=")
    assert browser_of(bob).get(path).status_code == 200
    assert not Enrollment.objects.exists()  # a GET request does not accept
    assert browser_of(bob).post(path)["Location"] == f"/learn/{paid_course.slug}/"
    assert Enrollment.objects.get().source == Source.INVITED
    assert browser_of(carol).post(path).status_code == 200
    assert Enrollment.objects.get().user == bob


def test_an_invited_visitor_can_register_and_accept(alice: User, course: Course, client: Client) -> None:
    path = f"/invitations/{send_invitation(actor=alice, course=course, email='wanda@example.com').token}/"
    typed = {"full_name": "Wanda", "email": "wanda@example.com", "password": "a long walk home", "next": path}
    assert client.post("/account/register/", typed)["Location"] == path
    assert client.post(path).status_code == 302
    assert Enrollment.objects.get().user.email == "wanda@example.com"


def test_invalid_invitations_are_refused(alice: User, bob: User, course: Course) -> None:
    for address in ("", "nobody", "a@b@c.de", "x" * 300 + "@example.com"):
        with pytest.raises(ValidationError):
            send_invitation(actor=alice, course=course, email=address)
    first = send_invitation(actor=alice, course=course, email="a@example.com")
    assert send_invitation(actor=alice, course=course, email="A@example.com").pk == first.pk
    with time_machine.travel(timezone.now() + timedelta(days=15)), pytest.raises(EnrollmentError) as late:
        accept_invitation(actor=bob, invitation=first)
    assert late.value.code == "invitation_expired"
    services.enroll(actor=bob, user=bob, course=course)
    with pytest.raises(EnrollmentError) as known:
        send_invitation(actor=alice, course=course, email=bob.email)
    assert known.value.code == "already_enrolled"
    with pytest.raises(EnrollmentError):
        accept_invitation(actor=bob, invitation=first)
    first.refresh_from_db()
    assert first.accepted_at is None  # still valid for another user
    courses.unpublish_course(actor=alice, course=course)
    course.refresh_from_db()
    with pytest.raises(EnrollmentError) as closed:
        send_invitation(actor=alice, course=course, email="c@example.com")
    assert closed.value.code == "not_published"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_acceptances_of_one_invitation_enroll_once(alice: User, course: Course) -> None:
    invitation = send_invitation(actor=alice, course=course, email="a@example.com")
    users = [User.objects.create_user(f"s{n}@example.com", "x", full_name=f"S {n}") for n in range(10)]
    outcomes = run_concurrently(10, lambda number: accept_invitation(actor=users[number], invitation=invitation))
    assert count_outcomes(outcomes) == {"Enrollment": 1, "invitation_used": 9}
    assert Enrollment.objects.count() == 1


def test_the_student_list_shows_progress(
    alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: BrowserOf
) -> None:
    services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=course.lessons.first().pk)
    page = browser_of(alice).get(f"/teach/courses/{course.slug}/students/").content.decode()
    assert "Bob Example" in page
    assert "33%" in page
