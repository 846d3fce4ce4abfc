"""the tests' fixtures and rules, loaded by the root's conftest.py.

The cast: alice teaches, bob is enrolled, carol is a stranger, dan is staff, erin teaches
something else, sue is of the support.
"""

import gc
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Role, User
from accounts.tokens import start_session
from courses import services as courses
from courses.models import Category, Course
from enrollments import services as enrollments
from enrollments.models import Enrollment, GradedItem, ItemKind
from instructors.models import Instructor
from payments import checkout
from payments.models import Order

PASSWORD = "learn-by-doing"  # of people who exist for one test


def on_postgres() -> bool:
    """Return whether the tests run on PostgreSQL."""
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what makes no sense on this engine: races need row locks, and SQLite's own load test needs SQLite.
    Begin with what takes long, so that no process is left alone with it at the end."""
    foreign = "sqlite" if on_postgres() else "postgres"
    left_out = [item for item in items if item.get_closest_marker(foreign)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Leave what has been loaded by now to itself: none of it becomes garbage, and looking through it takes a fifteenth
    of all processor time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """With CI=true, a skipped test is a failed one: nothing may be left out for lack of a component."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI=true: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _clean_slate(tmp_path: Any, settings: Any) -> Iterator[None]:
    """Give each test its own files and mail, an empty cache, and tasks that run at once."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MAIL_DIR = tmp_path / "mail"
    cache.clear()
    yield
    cache.clear()


def person(name: str, role: Role = Role.STUDENT, **fields: Any) -> User:
    """Create a user called `name`."""
    return User.objects.create_user(
        f"{name.lower()}@example.com", PASSWORD, full_name=f"{name} Example", role=role, **fields
    )


def make_alice() -> User:
    """Create Alice, who is known as a teacher."""
    user = person("Alice", Role.INSTRUCTOR)
    Instructor.objects.create(user=user, title="Teacher of tests")
    return user


@pytest.fixture
def alice(db: None) -> User:
    """Teaches the course of the tests."""
    return make_alice()


@pytest.fixture
def bob(db: None) -> User:
    """Is enrolled in Alice's course, where a test asks for `enrollment`."""
    return person("Bob")


@pytest.fixture
def carol(db: None) -> User:
    """Is a student of something else."""
    return person("Carol")


@pytest.fixture
def dan(db: None) -> User:
    """Is staff."""
    return person("Dan", Role.ADMIN)


def staff_of(group: str, name: str = "Sue") -> User:
    """Create somebody of the staff, in one of its groups."""
    user = person(name)
    user.groups.add(Group.objects.get(name=group))
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    return user


@pytest.fixture
def sue(db: None) -> User:
    """Is of the support."""
    return staff_of("Support")


@pytest.fixture
def erin(db: None) -> User:
    """Teaches something else."""
    return person("Erin", Role.INSTRUCTOR)


def make_course(teacher: User, title: str = "Tea", lessons: int = 3, **fields: Any) -> Course:
    """Create a published course with lessons; the first of them is a free preview."""
    course = courses.create_course(
        actor=teacher, title=title, short_description=f"All about {title.lower()}.", **fields
    )
    for number in range(1, lessons + 1):
        courses.add_lesson(
            actor=teacher,
            course=course,
            title=f"{title} {number}",
            content=f"What one should know, part {number}.",
            duration_minutes=10,
            is_preview=number == 1,
        )
    courses.publish_course(actor=teacher, course=course)
    course.refresh_from_db()
    return course


@pytest.fixture
def category(db: None) -> Category:
    """A subject of the catalogue."""
    return Category.objects.create(slug="craft", name="Craft")


@pytest.fixture
def course(alice: User) -> Course:
    """Alice's free, published course with three lessons."""
    return make_course(alice)


@pytest.fixture
def paid_course(alice: User) -> Course:
    """Alice's published course for 49 euros."""
    return make_course(alice, "Coffee", price_cents=4900, currency="EUR")


@pytest.fixture
def enrollment(bob: User, course: Course) -> Enrollment:
    """Bob's enrolment in Alice's course."""
    return enrollments.enroll(actor=bob, user=bob, course=course)


def graded_item(course: Course, title: str = "Leaves", **fields: Any) -> GradedItem:
    """Create a published piece of work for ten points, such as a quiz or an assignment stands on."""
    given = {"kind": ItemKind.QUIZ, "is_published": True, "points_possible": Decimal(10), **fields}
    return GradedItem.objects.create(course=course, title=title, **given)


def complete_all_lessons(enrollment: Enrollment) -> Enrollment:
    """Finish every lesson of an enrolment's course; return it."""
    for lesson in enrollment.course.lessons.all():
        enrollment = enrollments.complete_lesson(actor=enrollment.user, enrollment=enrollment, lesson_id=lesson.pk)
    return enrollment


def buy_course(user: User, course: Course, *, refunded: int = 0) -> Order:
    """Buy a course as if Stripe had said so, and give so much of the price back; return the order."""
    order, _made = checkout.place_order(actor=user, course=course)
    charge = {"id": f"ch_{order.pk.hex}", "amount": order.amount, "amount_refunded": refunded}
    intent = {"id": f"pi_{order.pk.hex}", "status": "succeeded", "amount": order.amount, "currency": order.currency}
    intent |= {"metadata": {"order_id": str(order.pk)}, "latest_charge": charge, "payment_method": "pm_card"}
    return checkout.take_over(order, intent)


@pytest.fixture
def browser_of() -> Callable[[User | None], Client]:
    """Return a function that gives a browser client, logged in as somebody, or as a visitor."""

    def logged_in(user: User | None = None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return logged_in


@pytest.fixture
def api_of() -> Callable[[User | None], APIClient]:
    """Return a function that gives an API client with somebody's real access token, or without one."""

    def with_token(user: User | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user=user).access_token}")
        return client

    return with_token
