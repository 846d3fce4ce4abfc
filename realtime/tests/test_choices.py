"""How each user wants to hear of things, the mails that follow, and the link that ends them."""

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
from assignments import grading, handing_in
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from enrollments.rooms import room_of
from lms.testing.plugin import complete_all_lessons, person
from realtime import announcing, services
from realtime.models import Event, Notification, NotificationChoice, Way
from realtime.services import push
from realtime.tasks import mail_digests, mail_forgotten, mail_notifications
from realtime.unsubscribing import DIGEST, link_for

CHOICES = "/api/v1/notifications/choices"
ANNOUNCED = {"title": "Tea", "subject": "Exam", "announcement_id": "00000000-0000-0000-0000-000000000000"}


def path_of(link: str) -> str:
    return re.sub(r"^https?://[^/]+", "", link)


@pytest.mark.django_db
def test_choices_are_read_and_changed_one_by_one(api_of: Any, bob: User) -> None:
    client = api_of(bob)
    before = client.get(CHOICES).json()["ways"]
    assert (before["announcement"], before["quiz_graded"]) == ("mail", "site")
    after = client.put(CHOICES, {"ways": {"quiz_graded": "digest"}}).json()["ways"]
    assert after == {**before, "quiz_graded": "digest"}
    assert client.put(CHOICES, {"ways": {"quiz_graded": "off"}}).json()["ways"]["quiz_graded"] == "off"
    assert NotificationChoice.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("ways", [{"payment_succeeded": "off"}, {"x": "off"}, {"announcement": "pigeon"}, [], None])
def test_what_is_no_choice_is_refused(api_of: Any, bob: User, ways: Any) -> None:
    assert api_of(bob).put(CHOICES, {"ways": ways}).status_code == 400
    assert not NotificationChoice.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("way", "stands", "mailed"), [("site", 1, 0), ("mail", 1, 1), ("digest", 1, 0), ("off", 0, 0)])
def test_an_event_is_told_in_the_way_that_was_chosen(bob: User, way: str, stands: int, mailed: int) -> None:
    services.choose(actor=bob, ways={Event.ANNOUNCEMENT: way})
    push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    assert (Notification.objects.count(), len(mail.outbox)) == (stands, mailed)
    assert mail_digests() == (1 if way == "digest" else 0)
    assert len(mail.outbox) == mailed + (1 if way == "digest" else 0)


@pytest.mark.django_db(transaction=True)
def test_the_daily_mail_has_everything_since_the_last_one_and_comes_once(bob: User) -> None:
    services.choose(actor=bob, ways={Event.QUIZ_GRADED: Way.DIGEST, Event.COURSE_UPDATED: Way.DIGEST})
    assert mail_digests() == 0
    for number in range(60):
        push([bob.pk], Event.QUIZ_GRADED, {"title": f"Quiz {number}"})
    push([bob.pk], Event.COURSE_UPDATED, {"title": "Tea"})
    assert [mail_digests(), mail_digests()] == [1, 0]
    letter = mail.outbox[0]
    assert letter.subject == "61 things happened"
    assert "“Tea” has changed" in letter.body
    assert letter.body.count("Your quiz") == 49
    assert "And 11 more" in letter.body
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.django_db(transaction=True)
def test_a_mail_leaves_once_however_often_its_task_runs_and_a_lost_one_is_found(bob: User, settings: Any) -> None:
    told = push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    assert len(mail.outbox) == 1
    assert mail_notifications([told[0].pk]) == 0
    Notification.objects.update(mailed_at=None, created_at=timezone.now() - timedelta(minutes=11))
    assert [mail_forgotten(), mail_forgotten()] == [1, 0]
    assert len(mail.outbox) == 2


@pytest.mark.django_db(transaction=True)
def test_nobody_who_cannot_log_in_is_written_to(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_one_click_ends_a_kind_of_mail_without_a_login(bob: User) -> None:
    push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = headers["List-Unsubscribe"].strip("<>")
    assert link in mail.outbox[0].body
    visitor = Client(enforce_csrf_checks=True)
    assert visitor.get(path_of(link)).status_code == 200
    assert services.choices_of(bob)["announcement"] == "mail", "a preview ended it"
    answer = visitor.post(path_of(link), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert services.choices_of(bob)["announcement"] == "site"
    push([bob.pk], Event.ANNOUNCEMENT, ANNOUNCED)
    assert (len(mail.outbox), Notification.objects.count()) == (1, 2)


@pytest.mark.django_db
def test_the_link_of_a_daily_mail_ends_the_daily_mail(bob: User, client: Client) -> None:
    services.choose(actor=bob, ways={Event.QUIZ_GRADED: "digest", Event.ANNOUNCEMENT: "mail"})
    assert client.post(path_of(link_for(bob.pk, DIGEST))).status_code == 200
    ways = services.choices_of(bob)
    assert (ways["quiz_graded"], ways["announcement"]) == ("site", "mail")


@pytest.mark.django_db
def test_a_forged_link_ends_nothing(bob: User, carol: User, client: Client) -> None:
    good = path_of(link_for(bob.pk, Event.ANNOUNCEMENT))
    token = good.rstrip("/").rsplit("/", 1)[1]
    other_end = "B" if token.endswith("A") else "A"
    for forged in (token[:-1] + other_end, "x" + token, token.split(":")[0], "nonsense"):
        assert client.post(good.replace(token, forged)).status_code == 404
    assert not NotificationChoice.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wanted", [True, False])
def test_the_letters_of_other_apps_follow_the_choice_too(
    alice: User, bob: User, course: Course, enrollment: Enrollment, wanted: bool
) -> None:
    way = Way.MAIL if wanted else Way.SITE
    services.choose(actor=bob, ways={Event.ASSIGNMENT_GRADED: way, Event.CERTIFICATE_ISSUED: way})
    work = handing_in.submit(actor=bob, assignment=write_assignment(course), content="Tea.")
    mail.outbox.clear()
    grading.grade_submission(actor=alice, submission=work, grade=8, feedback="Good.")
    complete_all_lessons(enrollment)
    letters = [letter for letter in mail.outbox if letter.to == [bob.email]]
    assert len(letters) == (2 if wanted else 0), [letter.subject for letter in letters]
    assert all("List-Unsubscribe" in letter.extra_headers for letter in letters)
    assert Notification.objects.filter(user=bob, mail_due="").exists()


@pytest.mark.django_db
def test_the_page_keeps_choices(browser_of: Any, bob: User) -> None:
    client = browser_of(bob)
    assert b"Somebody mentions me in a chat" in client.get("/notifications/choices/").content
    ways = {**services.choices_of(bob), "announcement": "digest"}
    assert client.post("/notifications/choices/", ways).status_code == 302
    assert services.choices_of(bob) == ways


@pytest.mark.django_db(transaction=True)
def test_an_announcement_reaches_each_student_on_the_site_and_by_mail(
    api_of: Any, alice: User, bob: User, carol: User, course: Course, enrollment: Enrollment
) -> None:
    students = [person(f"Student{number}") for number in range(3)]
    for student in students:
        enrollments.enroll(actor=student, user=student, course=course)
    services.choose(actor=students[0], ways={Event.ANNOUNCEMENT: Way.SITE})
    mail.outbox.clear()
    address = f"/api/v1/courses/{course.pk}/announcements/"
    body = {"subject": "The exam is on Friday", "text": "At nine.\n\nBring tea."}
    assert api_of(bob).post(address, body).status_code == 403
    assert api_of(carol).post(address, body).status_code == 404
    made = api_of(alice).post(address, body)
    assert (made.status_code, made.json()["author_name"]) == (201, "Alice Example")
    told = Notification.objects.filter(event="announcement")
    assert {one.user for one in told} == {bob, *students}
    assert told[0].payload["text"] == body["text"]
    assert sorted(letter.to[0] for letter in mail.outbox) == sorted([bob.email, *[s.email for s in students[1:]]])
    assert mail.outbox[0].subject == "Tea: The exam is on Friday"
    assert "Bring tea." in mail.outbox[0].body
    assert [one["subject"] for one in api_of(bob).get(address).json()["results"]] == [body["subject"]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [{}, {"subject": "a", "text": ""}, {"subject": "a\nb", "text": "x"}, {"subject": "a" * 121, "text": "x"}]
)
def test_an_announcement_has_a_subject_of_one_line_and_a_text(
    api_of: Any, alice: User, course: Course, body: Any
) -> None:
    assert api_of(alice).post(f"/api/v1/courses/{course.pk}/announcements/", body).status_code == 400


@pytest.mark.django_db
def test_the_pages_of_announcements(browser_of: Any, alice: User, bob: User, course: Course, enrollment: Any) -> None:
    page = "/teach/courses/tea/announcements/"
    assert browser_of(alice).post(page, {"subject": "", "text": "kept"}).status_code == 200
    assert (
        browser_of(alice).post(page, {"subject": "Exam", "text": "On Friday, see https://example.com"}).status_code
        == 302
    )
    assert b"On Friday" in browser_of(alice).get(page).content
    assert b"https://example.com" in browser_of(bob).get("/learn/tea/announcements/").content
    assert browser_of(bob).get(page).status_code == 403


@pytest.mark.quality("G10")
@pytest.mark.django_db(transaction=True)
def test_announcing_to_a_hundred_costs_as_many_statements_as_to_ten(alice: User, course: Course) -> None:
    counts = []
    for size in (10, 100):
        people = [person(f"P{size}x{number}") for number in range(size)]
        Enrollment.objects.bulk_create(Enrollment(user=one, course=course) for one in people)
        NotificationChoice.objects.bulk_create(
            NotificationChoice(user=one, event=Event.ANNOUNCEMENT, way=Way.SITE) for one in people
        )
        with CaptureQueriesContext(connection) as captured:
            announcing.announce(actor=alice, room=room_of(course), subject="Exam", text="On Friday.")
        counts.append(len(captured))
    assert counts[0] == counts[1]
