"""Tests that every list needs the same number of queries for 2 and for 20 rows."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from core.models import SiteSettings
from courses.models import Category, Course
from enrollments import services as enrollments
from enrollments.calendar import get_calendar_feed
from enrollments.grades import record_grade
from enrollments.join_links import create_join_link
from enrollments.models import Enrollment
from enrollments.rooms import course_room
from realtime import announcements, chat
from tools.testing.plugin import complete_all_lessons, make_course, make_graded_item, make_user

# Path of the list, its user, and the maximum number of queries.
PAGES = {
    "/": (None, 7),  # uncached; the cached page for visitors needs one (courses/tests/test_public_pages.py)
    "/courses/": (None, 6),
    "/courses/?category=craft&ordering=rating&search=tea": (None, 8),
    "/courses/tea/": ("bob", 12),
    "/instructors/{alice}/": (None, 7),
    "/analytics/": ("dan", 60),
    "/exports/": ("alice", 8),
    "/teach/dashboard/": ("alice", 34),
    "/teach/courses/tea/analytics/": ("alice", 60),
    "/teach/courses/tea/students/{enrollment}/activity/": ("alice", 24),
    "/dashboard/": ("bob", 13),
    "/learn/tea/{lesson}/": ("bob", 20),
    "/learn/tea/progress/": ("bob", 10),
    "/learn/tea/grades/": ("bob", 8),
    "/grades/": ("bob", 9),
    "/calendar/": ("bob", 12),
    "/teach/courses/tea/students/{enrollment}/": ("alice", 14),
    "/teach/courses/tea/gradebook/": ("alice", 10),
    "/teach/courses/tea/gradebook.csv": ("alice", 9),
    "/certificates/": ("bob", 8),
    "/notifications/": ("bob", 8),
    "/learn/tea/chat/": ("bob", 16),
    "/learn/tea/announcements/": ("bob", 9),
    "/teach/courses/tea/announcements/": ("alice", 9),
    "/account/security/": ("bob", 8),
    "/teach/": ("alice", 8),
    "/teach/courses/tea/": ("alice", 9),
    "/teach/courses/tea/students/": ("alice", 13),
    "/teach/courses/tea/certificates/": ("alice", 9),
}
API_LISTS = {
    "categories/": (None, 6),
    "courses/": (None, 6),
    "courses/{course}": ("bob", 8),
    "courses/{course}/lessons/": ("bob", 6),
    "courses/{course}/reviews/": (None, 6),
    "users/": ("dan", 6),
    "users/?search=e": ("alice", 6),
    "admin/users": ("dan", 10),
    "admin/audit-logs": ("dan", 5),
    "auth/sessions": ("bob", 6),
    "enrollments/": ("bob", 6),
    "enrollments/{enrollment}/progress": ("bob", 6),
    "enrollments/{enrollment}/explain": ("bob", 8),
    "enrollments/{enrollment}/grades": ("bob", 6),
    "courses/{course}/enrollments/": ("alice", 8),
    "courses/{course}/enrollments/?q=student&active=true&progress_min=1&ordering=name": ("alice", 8),
    "courses/{course}/join-links/": ("alice", 6),
    "certificates/": ("bob", 6),
    "notifications/": ("bob", 6),
    "courses/{course}/messages/": ("bob", 6),
    "courses/{course}/announcements/": ("bob", 6),
    "analytics/overview": ("dan", 16),
    "analytics/enrollments": ("dan", 28),
    "analytics/revenue": ("dan", 16),
    "analytics/courses/{course}": ("alice", 28),
    "analytics/users/{bob}": ("bob", 12),
    "instructors/me/dashboard": ("alice", 24),
}


class World:
    """Growing site: courses of Alice with lessons, students, reviews, certificates and logins."""

    def __init__(self, alice: User, bob: User, dan: User, api_of: Callable[[User], APIClient]) -> None:
        self.people = {"alice": alice, "bob": bob, "dan": dan}
        self.api_of = api_of
        self.category = Category.objects.create(slug="craft", name="Craft")
        self.tea = make_course(alice, "Tea", lessons=2, category=self.category, tags=["hot", "leaf"])
        self.enrollment = enrollments.enroll(actor=bob, user=bob, course=self.tea)
        get_calendar_feed(bob)  # created by the first request of the calendar
        chat.mark_read(user=bob, room=course_room(self.tea), number=0)  # created by the first request of the chat
        self.size = 0

    @override_settings(ANNOUNCEMENTS_PER_COURSE_PER_HOUR=100)
    def grow_to(self, size: int) -> None:
        """Add rows of every model until there are `size` of each."""
        alice, bob = self.people["alice"], self.people["bob"]
        for number in range(self.size, size):
            Category.objects.create(slug=f"subject-{number}", name=f"Subject {number}")
            course = make_course(alice, f"Course {number} tea", lessons=1, category=self.category, tags=["hot"])
            complete_all_lessons(enrollments.enroll(actor=bob, user=bob, course=course))
            student = make_user(f"Student{number}")
            complete_all_lessons(enrollments.enroll(actor=student, user=student, course=self.tea))
            enrollments.write_review(actor=student, course=self.tea, rating=4, comment="Good.")
            item = make_graded_item(self.tea, f"Work {number}", due_at=timezone.now() + timedelta(days=number + 1))
            for enrolled in (self.enrollment, Enrollment.objects.get(user=student)):
                record_grade(actor=alice, item=item, enrollment=enrolled, points=Decimal(number % 10))
            make_graded_item(course, due_at=timezone.now() + timedelta(days=number + 1))
            self.api_of(bob)
            create_join_link(actor=alice, course=self.tea)
            chat.post(actor=student, room=course_room(self.tea), text="Hello.")
            announcements.announce(actor=alice, room=course_room(self.tea), subject="Exam", text="On Friday.")
        self.size = size

    def address(self, path: str) -> str:
        """Return the path with its placeholders filled in."""
        lesson = self.tea.lessons.order_by("order")[0].pk
        return path.format(
            course=self.tea.pk,
            lesson=lesson,
            enrollment=self.enrollment.pk,
            alice=self.people["alice"].pk,
            bob=self.people["bob"].pk,
        )


@pytest.fixture
def world(alice: User, bob: User, dan: User, api_of: Callable[[User], APIClient]) -> World:
    return World(alice, bob, dan, api_of)


def queries_of(client: Client, address: str) -> list[str]:
    cache.clear()
    SiteSettings.current()  # every page reads it from the cache
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = client.get(address)
        if answer.streaming:
            b"".join(answer.streaming_content)
    assert answer.status_code == 200, (address, answer.status_code)
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.quality("G7")
@pytest.mark.quality("G8")
@pytest.mark.django_db
def test_lists_need_the_same_queries_for_two_rows_and_twenty(
    world: World, browser_of: Callable[[Any], Client], api_of: Callable[[Any], APIClient]
) -> None:
    clients: dict[str, tuple[Client, str, int]] = {}
    for path, (name, most) in PAGES.items():
        clients[path] = (browser_of(world.people.get(name)), world.address(path), most)
    for path, (name, most) in API_LISTS.items():
        clients["/api/v1/" + path] = (api_of(world.people.get(name)), "/api/v1/" + world.address(path), most)
    counts: dict[int, dict[str, list[str]]] = {}
    for size in (2, 20):
        world.grow_to(size)
        counts[size] = {path: queries_of(client, address) for path, (client, address, _most) in clients.items()}
    grown = {
        path: (len(counts[2][path]), len(counts[20][path]))
        for path in clients
        if len(counts[2][path]) != len(counts[20][path])
    }
    assert grown == {}
    too_many = {path: counts[20][path] for path, (_c, _a, most) in clients.items() if len(counts[20][path]) > most}
    assert too_many == {}


@pytest.mark.django_db
def test_the_page_size_is_limited_to_100(alice: User, api_of: Callable[[Any], APIClient]) -> None:
    Category.objects.bulk_create(Category(slug=f"c{number}", name=f"C{number:03}") for number in range(120))
    answer = api_of(None).get("/api/v1/categories/?page_size=5000").json()
    assert (answer["count"], len(answer["results"])) == (120, 100)
    assert Course.objects.count() == 0
