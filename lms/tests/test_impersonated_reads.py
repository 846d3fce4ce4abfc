"""Reading as another user leaves no marks, and shows nothing that outlives the impersonation (quality row V16)."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import DataExport, User
from analytics.activity_buffer import activity_buffer
from courses.models import Course
from enrollments.calendar import get_calendar_feed, get_feed_url
from enrollments.invitations import send_invitation
from enrollments.models import CalendarFeed, Enrollment, LessonProgress
from enrollments.rooms import course_room
from lms.tests.test_safe_methods import browser_of, impersonating
from realtime import chat, services
from realtime.models import Event, Notification, ReadMark

pytestmark = [pytest.mark.quality("V16"), pytest.mark.django_db]


@pytest.fixture
def acting(dan: User, bob: User) -> Client:
    """Return a client of Dan, who impersonates Bob."""
    return impersonating(dan, bob)


def test_chat_notifications_and_activity_are_read_without_marking(
    acting: Client, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    User.objects.update(email_verified_at=timezone.now())
    room = course_room(course)
    chat.post(actor=User.objects.get(pk=alice.pk), room=room, text="Hello")
    services.push([bob.pk], Event.COURSE_UPDATED, {"title": "Tea"})
    activity_buffer.flush()
    lesson = course.lessons.earliest("order")
    pages = [f"/learn/tea/{place}" for place in ("chat/", f"{lesson.pk}/", "announcements/", "progress/")]
    for path in [*pages, "/notifications/", "/dashboard/"]:
        assert acting.get(path).status_code == 200, path
    assert chat.count_unread(user=bob, room=room) == 1
    assert not ReadMark.objects.filter(user=bob).exists()
    assert Notification.objects.filter(user=bob).unread().count() == 1
    assert User.objects.get(pk=bob.pk).last_login is None
    assert activity_buffer.flush() == 0
    own = browser_of(bob)
    for path in pages:
        own.get(path)
    assert chat.count_unread(user=bob, room=room) == 0
    assert activity_buffer.flush() == 1


def test_a_position_in_a_video_is_not_stored(dan: User, bob: User, course: Course, enrollment: Enrollment) -> None:
    activity_buffer.flush()
    client = impersonating(dan, bob)
    client.handler.enforce_csrf_checks = False
    path, lesson = f"/api/v1/enrollments/{enrollment.pk}/progress", course.lessons.latest("order")
    last_activity = enrollment.last_activity_at
    body = {"lesson_id": str(lesson.pk), "completed": False, "position_seconds": 77}
    assert client.patch(path, body, content_type="application/json").status_code == 200
    assert not LessonProgress.objects.exists()
    completed = client.patch(path, {**body, "completed": True}, content_type="application/json")
    assert completed.status_code == 200
    assert LessonProgress.objects.get().position_seconds == 0
    enrollment.refresh_from_db()
    assert enrollment.last_activity_at == last_activity
    assert activity_buffer.flush() == 0


def test_links_that_outlive_the_impersonation_are_hidden(acting: Client, bob: User) -> None:
    feed_url = get_feed_url(get_calendar_feed(bob))
    DataExport.objects.create(user=bob, file="exports/x.zip", mailed_at=timezone.now())
    own = browser_of(bob)
    assert feed_url in own.get("/calendar/").content.decode()
    assert "Private link" not in acting.get("/calendar/").content.decode()
    assert "?token=" in own.get("/account/security/").content.decode()
    assert "?token=" not in acting.get("/account/security/").content.decode()


def test_the_calendar_page_creates_no_feed(acting: Client) -> None:
    assert acting.get("/calendar/").status_code == 200
    assert not CalendarFeed.objects.exists()


@pytest.mark.parametrize(
    "path",
    ["/account/export/", "/account/export/download/", "/account/security/second-factor/",
     "/account/security/second-factor/codes/", "/api/v1/auth/ws-ticket", "/api/v1/auth/mfa/enable", "/calendar/reset/"],
)  # fmt: skip
def test_secrets_can_be_neither_created_nor_downloaded(path: str, acting: Client) -> None:
    acting.handler.enforce_csrf_checks = False
    assert acting.post(path).status_code == 403
    assert acting.get(path).status_code in (403, 405)


def test_the_list_of_students_shows_no_link_of_an_invitation(alice: User, dan: User, course: Course) -> None:
    token = send_invitation(actor=alice, course=course, email="stranger@example.com").token
    page = impersonating(dan, alice).get("/teach/courses/tea/students/").content.decode()
    assert "stranger@example.com" in page
    assert token not in page
