"""Notification preferences, notification emails, unsubscribe links and announcements."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from assignments import grading, submissions
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from enrollments.rooms import course_room
from realtime import announcements, services
from realtime.models import DeliveryChannel, Event, Notification, NotificationChoice
from realtime.services import push
from realtime.tasks import mail_digests, mail_notifications, mail_overdue_notifications
from realtime.unsubscribe import DIGEST, unsubscribe_url
from tools.testing.plugin import complete_all_lessons, make_user

URL = "/api/v1/notifications/choices"
ANNOUNCED = {"title": "Tea", "subject": "Exam", "announcement_id": "00000000-0000-0000-0000-000000000000"}


def path_of(link: str) -> str:
    return re.sub(r"^https?://[^/]+", "", link)


@pytest.mark.django_db
def test_preferences_are_read_and_changed_individually(api_of: Any, bob: User) -> None:
    client = api_of(bob)
    before = client.get(URL).json()["ways"]
    assert (before["announcement"], before["quiz_graded"]) == ("mail", "site")
    after = client.put(URL, {"ways": {"quiz_graded": "digest"}}).json()["ways"]
    assert after == {**before, "quiz_graded": "digest"}
    assert client.put(URL, {"ways": {"quiz_graded": "off"}}).json()["ways"]["quiz_graded"] == "off"
    assert NotificationChoice.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("ways", [{"payment_succeeded": "off"}, {"x": "off"}, {"announcement": "pigeon"}, [], None])
def test_unknown_events_and_channels_are_rejected(api_of: Any, bob: User, ways: Any) -> None:
    assert api_of(bob).put(URL, {"ways": ways}).status_code == 400
    assert not NotificationChoice.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("way", "created", "mailed"), [("site", 1, 0), ("mail", 1, 1), ("digest", 1, 0), ("off", 0, 0)]
)
def test_a_push_uses_the_chosen_delivery_channel(bob: User, way: str, created: int, mailed: int) -> None:
    services.save_preferences(actor=bob, channels={Event.ANNOUNCEMENT: way})
    push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    assert (Notification.objects.count(), len(mail.outbox)) == (created, mailed)
    assert mail_digests() == (1 if way == "digest" else 0)
    assert len(mail.outbox) == mailed + (1 if way == "digest" else 0)


@pytest.mark.django_db(transaction=True)
def test_the_digest_has_all_pending_notifications_and_is_sent_once(bob: User) -> None:
    services.save_preferences(
        actor=bob, channels={Event.QUIZ_GRADED: DeliveryChannel.DIGEST, Event.COURSE_UPDATED: DeliveryChannel.DIGEST}
    )
    assert mail_digests() == 0
    for number in range(60):
        push([bob.pk], Event.QUIZ_GRADED, {"title": f"Quiz {number}"})
    push([bob.pk], Event.COURSE_UPDATED, {"title": "Tea"})
    assert [mail_digests(), mail_digests()] == [1, 0]
    email = mail.outbox[0]
    assert email.subject == "61 new notifications"
    assert "“Tea” was updated" in email.body
    assert email.body.count("Your quiz") == 49
    assert "And 11 more" in email.body
    assert email.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.django_db(transaction=True)
def test_an_email_is_sent_once_and_an_overdue_one_is_found(bob: User, settings: Any) -> None:
    notifications = push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    assert len(mail.outbox) == 1
    assert mail_notifications([notifications[0].pk]) == 0
    Notification.objects.update(mailed_at=None, created_at=timezone.now() - timedelta(minutes=11))
    assert [mail_overdue_notifications(), mail_overdue_notifications()] == [1, 0]
    assert len(mail.outbox) == 2


@pytest.mark.django_db(transaction=True)
def test_inactive_users_receive_no_email(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_one_click_unsubscribe_works_without_a_login(bob: User) -> None:
    push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = headers["List-Unsubscribe"].strip("<>")
    assert link in mail.outbox[0].body
    visitor = Client(enforce_csrf_checks=True)
    assert visitor.get(path_of(link)).status_code == 200
    assert services.get_preferences(bob)["announcement"] == "mail", "GET unsubscribed"
    answer = visitor.post(path_of(link), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert services.get_preferences(bob)["announcement"] == "site"
    push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    assert (len(mail.outbox), Notification.objects.count()) == (1, 2)


@pytest.mark.django_db
def test_the_unsubscribe_link_of_a_digest_ends_the_digest(bob: User, client: Client) -> None:
    services.save_preferences(actor=bob, channels={Event.QUIZ_GRADED: "digest", Event.ANNOUNCEMENT: "mail"})
    assert client.post(path_of(unsubscribe_url(bob.pk, DIGEST))).status_code == 200
    ways = services.get_preferences(bob)
    assert (ways["quiz_graded"], ways["announcement"]) == ("site", "mail")


@pytest.mark.django_db
def test_forged_unsubscribe_links_are_404(bob: User, carol: User, client: Client) -> None:
    valid = path_of(unsubscribe_url(bob.pk, Event.ANNOUNCEMENT))
    token = valid.rstrip("/").rsplit("/", 1)[1]
    replacement = "B" if token.endswith("A") else "A"
    for forged in (token[:-1] + replacement, "x" + token, token.split(":")[0], "nonsense"):
        assert client.post(valid.replace(token, forged)).status_code == 404
    assert not NotificationChoice.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wanted", [True, False])
def test_emails_of_other_apps_respect_the_preference(
    alice: User, bob: User, course: Course, enrollment: Enrollment, wanted: bool
) -> None:
    way = DeliveryChannel.MAIL if wanted else DeliveryChannel.SITE
    services.save_preferences(actor=bob, channels={Event.ASSIGNMENT_GRADED: way, Event.CERTIFICATE_ISSUED: way})
    work = submissions.submit(actor=bob, assignment=write_assignment(course), content="Tea.")
    mail.outbox.clear()
    grading.grade_submission(actor=alice, submission=work, grade=8, feedback="Good.")
    complete_all_lessons(enrollment)
    emails = [email for email in mail.outbox if email.to == [bob.email]]
    assert len(emails) == (2 if wanted else 0), [email.subject for email in emails]
    assert all("List-Unsubscribe" in email.extra_headers for email in emails)
    assert Notification.objects.filter(user=bob, mail_due="").exists()


@pytest.mark.django_db
def test_the_page_saves_preferences(browser_of: Any, bob: User) -> None:
    client = browser_of(bob)
    assert b"Someone mentions me in a chat" in client.get("/notifications/choices/").content
    ways = {**services.get_preferences(bob), "announcement": "digest"}
    assert client.post("/notifications/choices/", ways).status_code == 302
    assert services.get_preferences(bob) == ways


@pytest.mark.django_db(transaction=True)
def test_an_announcement_reaches_each_student_on_the_site_and_by_email(
    api_of: Any, alice: User, bob: User, carol: User, course: Course, enrollment: Enrollment
) -> None:
    students = [make_user(f"Student{number}") for number in range(3)]
    for student in students:
        enrollments.enroll(actor=student, user=student, course=course)
    services.save_preferences(actor=students[0], channels={Event.ANNOUNCEMENT: DeliveryChannel.SITE})
    mail.outbox.clear()
    address = f"/api/v1/courses/{course.pk}/announcements/"
    body = {"subject": "The exam is on Friday", "text": "At nine.\n\nBring tea."}
    assert api_of(bob).post(address, body).status_code == 403
    assert api_of(carol).post(address, body).status_code == 404
    made = api_of(alice).post(address, body)
    assert (made.status_code, made.json()["author_name"]) == (201, "Alice Example")
    notifications = Notification.objects.filter(event="announcement")
    assert {notification.user for notification in notifications} == {bob, *students}
    assert notifications[0].payload["text"] == body["text"]
    assert sorted(email.to[0] for email in mail.outbox) == sorted([bob.email, *[s.email for s in students[1:]]])
    assert mail.outbox[0].subject == "Tea: The exam is on Friday"
    assert "Bring tea." in mail.outbox[0].body
    assert [one["subject"] for one in api_of(bob).get(address).json()["results"]] == [body["subject"]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [{}, {"subject": "a", "text": ""}, {"subject": "a\nb", "text": "x"}, {"subject": "a" * 121, "text": "x"}]
)
def test_an_announcement_requires_a_one_line_subject_and_a_text(
    api_of: Any, alice: User, course: Course, body: Any
) -> None:
    assert api_of(alice).post(f"/api/v1/courses/{course.pk}/announcements/", body).status_code == 400


@pytest.mark.django_db
def test_the_announcement_pages_post_and_list_announcements(
    browser_of: Any, alice: User, bob: User, course: Course, enrollment: Any
) -> None:
    page = "/teach/courses/tea/announcements/"
    assert browser_of(alice).post(page, {"subject": "", "text": "a draft"}).status_code == 200
    assert (
        browser_of(alice).post(page, {"subject": "Exam", "text": "On Friday, see https://example.com"}).status_code
        == 302
    )
    assert b"On Friday" in browser_of(alice).get(page).content
    assert b"https://example.com" in browser_of(bob).get("/learn/tea/announcements/").content
    assert browser_of(bob).get(page).status_code == 403


@pytest.mark.quality("G10")
@pytest.mark.django_db(transaction=True)
def test_announcing_to_a_hundred_users_needs_no_more_queries_than_to_ten(alice: User, course: Course) -> None:
    counts = []
    for size in (10, 100):
        people = [make_user(f"P{size}x{number}") for number in range(size)]
        Enrollment.objects.bulk_create(Enrollment(user=one, course=course) for one in people)
        NotificationChoice.objects.bulk_create(
            NotificationChoice(user=one, event=Event.ANNOUNCEMENT, way=DeliveryChannel.SITE) for one in people
        )
        with CaptureQueriesContext(connection) as captured:
            announcements.announce(actor=alice, room=course_room(course), subject="Exam", text="On Friday.")
        counts.append(len(captured))
    assert counts[1] <= counts[0]  # the first announcement also creates the counters of the limits


def test_only_instructors_choose_about_enrollments_in_their_courses(browser_of: Any, alice: User, bob: User) -> None:
    assert "A student enrolls in a course I teach" in browser_of(alice).get("/notifications/choices/").text
    assert "A student enrolls in a course I teach" not in browser_of(bob).get("/notifications/choices/").text
