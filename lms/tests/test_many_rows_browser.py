"""Browser tests for lists with ten thousand rows: the pages stay within their size limits."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import models
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import User
from assignments.models import Submission
from assignments.tests.samples import write_assignment
from core.models import AuditEntry
from courses.models import Course
from enrollments.models import Enrollment
from lms.tests.test_every_page import NEXT_VISIT, packed
from payments.models import Order, OrderStatus
from realtime.models import Event, Inbox, Notification
from tools.testing.browser import log_in, open_page
from tools.testing.layout import SIDEWAYS, Viewport, find_layout_faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MANY = 10_000
MOST_ELEMENTS = 3_000
NARROW = Viewport(320)
# Users and the lists that they open. Lists of the admin scroll horizontally and have no size limit.
LISTS = {
    "bob": (
        "/courses/", "/courses/?page=9", "/notifications/", "/orders/", "/dashboard/", "/grades/",
        "/search/?search=course",
    ),
    "alice": (
        "/teach/", "/teach/dashboard/", "/teach/grading/", "/teach/courses/tea/students/",
        "/teach/courses/tea/gradebook/", "/teach/courses/tea/analytics/", "/instructors/{alice}/",
    ),
    "dan": ("/analytics/",),
}  # fmt: skip
ADMIN_LISTS = (
    "accounts/user/", "courses/course/", "courses/course/{course}/change/", "enrollments/enrollment/",
    "payments/order/", "assignments/submission/", "realtime/notification/", "platform/auditentry/",
)  # fmt: skip


def make_many(model: type[models.Model], rows: Iterator[Any]) -> None:
    model._default_manager.bulk_create(rows, batch_size=5_000)


@pytest.fixture
def many_rows(live_site: str, alice: User, bob: User, course: Course) -> Course:
    """Create ten thousand rows of every growing model for the course and the users of the tests."""
    password, now = make_password(None), timezone.now()
    task = write_assignment(course)
    students = [
        User(full_name=f"Student {number}", email=f"s{number}@example.com", password=password) for number in range(MANY)
    ]
    make_many(User, iter(students))
    courses = [
        Course(
            instructor=alice, title=f"Course {number}", slug=f"course-{number}", short_description="One of many.",
            is_published=True, published_at=now, price_cents=0,
        )
        for number in range(MANY)
    ]  # fmt: skip
    make_many(Course, iter(courses))
    joined = [Enrollment(user=student, course=course) for student in students]
    make_many(Enrollment, iter(joined))
    make_many(Enrollment, (Enrollment(user=bob, course=one) for one in courses))
    handed_in = (
        Submission(assignment=task, enrollment=one, user=one.user, attempt=1, content="Mine.") for one in joined
    )
    make_many(Submission, handed_in)
    orders = (
        Order(
            user=bob, course=one, course_title=one.title, list_amount=900, amount=900, currency="EUR",
            status=OrderStatus.FAILED, expires_at=now + timedelta(minutes=30),
        )
        for one in courses
    )  # fmt: skip
    make_many(Order, orders)
    news = {"course_id": str(course.pk), "title": course.title, "lesson_title": "Leaves", "progress_percentage": 10}
    told = (
        Notification(user=bob, number=number, event=Event.LESSON_COMPLETED, payload=news)
        for number in range(1, MANY + 1)
    )
    Inbox.objects.create(user=bob, last_number=MANY)
    make_many(Notification, told)
    acts = (
        AuditEntry(actor=bob, action="tests.happened", target_id=str(uuid.UUID(int=number))) for number in range(MANY)
    )
    make_many(AuditEntry, acts)
    return course


def measured(page: Page, address: str) -> tuple[int, int]:
    """Open a page; return its compressed size in bytes and its number of elements."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    return packed(answer.body()), page.evaluate("document.querySelectorAll('*').length")


def test_lists_with_ten_thousand_rows_stay_within_the_size_limits(
    live_site: str, many_rows: Course, alice: User, bob: User, dan: User
) -> None:
    dan.is_superuser = True
    dan.save()
    people = {"alice": alice, "bob": bob, "dan": dan}
    wrong: dict[str, list[str]] = {}
    with open_page(live_site, None, viewport={"width": 1280, "height": 800}, reduced_motion="reduce") as page:
        for name, paths in LISTS.items():
            log_in(page, live_site, people[name])
            for path in paths:
                address = path.format(alice=alice.pk)
                page.set_viewport_size({"width": 1280, "height": 800})
                weight, elements = measured(page, live_site + address)
                wrong[address] = find_layout_faults(page, (NARROW,))
                wrong[address] += [f"{weight} bytes"] if weight > NEXT_VISIT else []
                wrong[address] += [f"{elements} elements"] if elements > MOST_ELEMENTS else []
        for path in ADMIN_LISTS:
            address = f"/admin/{path.format(course=many_rows.pk)}"
            _weight, elements = measured(page, live_site + address)
            page.set_viewport_size({"width": 320, "height": 800})
            wrong[address] = [found] if (found := page.evaluate(SIDEWAYS)) else []
            wrong[address] += [f"{elements} elements"] if elements > MOST_ELEMENTS else []
    assert {address: found for address, found in wrong.items() if found} == {}
