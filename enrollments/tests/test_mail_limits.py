"""Tests for the limits of the mail that one person causes to others (quality row V12)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import addresses
from accounts.limits import LimitError
from accounts.models import AttemptCounter, User
from courses.models import Course
from enrollments.invitations import send_invitation
from enrollments.models import Enrollment, Invitation
from realtime import services
from realtime.models import Announcement, Event, Notification, NotificationChoice
from tools.testing.plugin import PASSWORD, make_course
from tools.testing.races import run_concurrently

pytestmark = [pytest.mark.quality("V12"), pytest.mark.django_db]
ApiOf = Callable[[User], APIClient]
BrowserOf = Callable[[User], Client]


def invite(alice: User, course: Course, email: str) -> str:
    """Invite an address; return the code of the error, or an empty string."""
    try:
        send_invitation(actor=alice, course=course, email=email)
    except LimitError as error:
        return error.code if error.status == 429 and error.retry_after else "without Retry-After"
    return ""


def announcements_of(course: Course) -> str:
    return f"/api/v1/courses/{course.pk}/announcements/"


def test_one_address_gets_three_invitations_a_day_from_all_senders(alice: User, erin: User, course: Course) -> None:
    other = make_course(erin, title="Coffee")
    codes = [invite(alice, course, "stranger@example.com") for _ in range(25)]
    assert codes == [""] * 3 + ["too_many_mails"] * 22
    assert invite(erin, other, "Stranger@Example.com") == "too_many_mails"
    assert invite(alice, course, "another@example.com") == ""
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        assert invite(erin, other, "stranger@example.com") == ""


def test_the_invitations_of_one_sender_and_of_one_course_are_limited(
    alice: User, dan: User, course: Course, settings: Any
) -> None:
    settings.MAIL_PER_SENDER_PER_DAY = 2
    assert [invite(alice, course, f"s{n}@example.com") for n in range(3)] == ["", "", "too_many_mails"]
    settings.MAIL_PER_COURSE_PER_DAY = 3
    assert [invite(dan, course, f"d{n}@example.com") for n in range(2)] == ["", "too_many_mails"]
    assert invite(dan, make_course(alice, title="Coffee"), "d1@example.com") == ""
    refused = AttemptCounter.objects.filter(scope="mail_to_recipient")
    assert refused.count() == 4, "a refused email was counted"
    assert Invitation.objects.count() == 4


def test_the_page_explains_that_too_many_invitations_were_sent(
    alice: User, course: Course, browser_of: BrowserOf, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    browser = browser_of(alice)
    address = reverse("enrollments:invite", args=[course.slug])
    with django_capture_on_commit_callbacks(execute=True):
        pages = [browser.post(address, {"email": "stranger@example.com"}, follow=True) for _ in range(4)]
    assert "Try again in 24 hours." in pages[-1].content.decode()
    assert "Try again" not in pages[-2].content.decode()
    assert len(mail.outbox) == 3


def test_announcements_are_limited_per_course(
    alice: User, course: Course, enrollment: Enrollment, api_of: ApiOf, browser_of: BrowserOf
) -> None:
    answers = [
        api_of(alice).post(announcements_of(course), {"subject": "Exam", "text": f"Room {n}"}) for n in range(15)
    ]
    assert [answer.status_code for answer in answers] == [201] * 10 + [429] * 5
    assert answers[-1].json()["errors"][0]["code"] == "too_many_mails"
    assert 0 < int(answers[-1]["Retry-After"]) <= 3600
    page = browser_of(alice).post(
        reverse("enrollments:announce", args=[course.slug]), {"subject": "Exam", "text": "Room 16"}
    )
    assert "Too many emails" in page.content.decode()
    assert "Room 16" in page.content.decode()
    other = make_course(alice, title="Coffee")
    assert api_of(alice).post(announcements_of(other), {"subject": "A", "text": "B"}).status_code == 201
    assert Announcement.objects.count() == 11


def test_announcements_of_one_sender_are_limited(alice: User, course: Course, api_of: ApiOf, settings: Any) -> None:
    settings.ANNOUNCEMENTS_PER_SENDER_PER_DAY = 1
    courses = [course, make_course(alice, title="Coffee")]
    answers = [api_of(alice).post(announcements_of(one), {"subject": "A", "text": "B"}) for one in courses]
    assert [answer.status_code for answer in answers] == [201, 429]


def test_requests_to_change_the_address_are_limited_per_recipient(bob: User, carol: User) -> None:
    for user in (bob, carol, bob):
        addresses.request_change(user=user, password=PASSWORD, email="stranger@example.com")
    with pytest.raises(LimitError) as refused:
        addresses.request_change(user=carol, password=PASSWORD, email="stranger@example.com")
    assert refused.value.code == "too_many_mails"
    assert len([message for message in mail.outbox if message.to == ["stranger@example.com"]]) <= 3


def test_further_notifications_within_an_hour_are_sent_in_the_digest(bob: User, carol: User, settings: Any) -> None:
    settings.NOTIFICATION_MAILS_PER_HOUR = 2
    for user in (bob, carol):
        NotificationChoice.objects.create(user=user, event=Event.CHAT_MESSAGE, way="mail")
    for _ in range(4):
        services.push([bob.pk], Event.CHAT_MESSAGE, {"title": "Tea"})
    services.push([bob.pk, carol.pk], Event.CHAT_MESSAGE, {"title": "Tea"})
    due = Notification.objects.order_by("pk").values_list("user__full_name", "mail_due")
    assert [channel for name, channel in due if name.startswith("Bob")] == ["mail"] * 2 + ["digest"] * 3
    assert [channel for name, channel in due if name.startswith("Carol")] == ["mail"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_concurrent_invitations_stay_within_the_limit(alice: User, dan: User, course: Course) -> None:
    outcomes = run_concurrently(20, lambda number: invite((alice, dan)[number % 2], course, "stranger@example.com"))
    assert sorted(outcomes) == [""] * 3 + ["too_many_mails"] * 17
