"""Fixtures and hooks of the test suite, loaded by the conftest.py of the project.

The cast: alice teaches, bob is enrolled, carol is a stranger, dan is staff, erin teaches another course, sue is a
member of the group Support.
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

PASSWORD = "learn-by-doing"  # of test users


def is_postgresql() -> bool:
    """Return whether the tests run on PostgreSQL."""
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]


def pytest_configure() -> None:
    """Make processes that tests start use `lms.settings` instead of the settings of the suite."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "lms.settings"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of the other engine, and run the tests marked `long` first.

    Races need row locks, and the load tests of SQLite need SQLite. Long tests at the end would keep one worker of a
    parallel run busy while the others are idle.
    """
    other_engine = "sqlite" if is_postgresql() else "postgres"
    deselected = [item for item in items if item.get_closest_marker(other_engine)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Exclude the objects loaded so far from garbage collection, which takes a fifteenth of the CPU time otherwise."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """Report skipped tests as failed if CI=true, because a component may be missing."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI=true: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _isolate(tmp_path: Any, settings: Any) -> Iterator[None]:
    """Give each test its own folders for files and mail, and an empty cache."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MAIL_DIR = tmp_path / "mail"
    cache.clear()
    yield
    cache.clear()


def make_user(name: str, role: Role = Role.STUDENT, **fields: Any) -> User:
    """Create a user with the name `name` and the address `<name>@example.com`."""
    return User.objects.create_user(
        f"{name.lower()}@example.com", PASSWORD, full_name=f"{name} Example", role=role, **fields
    )


def make_alice() -> User:
    """Create Alice with an instructor profile."""
    user = make_user("Alice", Role.INSTRUCTOR)
    Instructor.objects.create(user=user, title="Teacher of tests")
    return user


@pytest.fixture
def alice(db: None) -> User:
    """Return Alice, the instructor of the course."""
    return make_alice()


@pytest.fixture
def bob(db: None) -> User:
    """Return Bob, who is enrolled in the course if the test uses the fixture `enrollment`."""
    return make_user("Bob")


@pytest.fixture
def carol(db: None) -> User:
    """Return Carol, a student without access to the course."""
    return make_user("Carol")


@pytest.fixture
def dan(db: None) -> User:
    """Return Dan, an administrator."""
    return make_user("Dan", Role.ADMIN)


def make_staff(group: str, name: str = "Sue") -> User:
    """Create a member of staff in the group with this name."""
    user = make_user(name)
    user.groups.add(Group.objects.get(name=group))
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    return user


@pytest.fixture
def sue(db: None) -> User:
    """Return Sue, a member of the group Support."""
    return make_staff("Support")


@pytest.fixture
def erin(db: None) -> User:
    """Return Erin, an instructor of other courses."""
    return make_user("Erin", Role.INSTRUCTOR)


def make_course(teacher: User, title: str = "Tea", lessons: int = 3, **fields: Any) -> Course:
    """Create a published course with lessons, of which the first is a free preview."""
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
    """Return the category Craft."""
    return Category.objects.create(slug="craft", name="Craft")


@pytest.fixture
def course(alice: User) -> Course:
    """Return a free, published course of Alice with three lessons."""
    return make_course(alice)


@pytest.fixture
def paid_course(alice: User) -> Course:
    """Return a published course of Alice for 49 euros."""
    return make_course(alice, "Coffee", price_cents=4900, currency="EUR")


@pytest.fixture
def enrollment(bob: User, course: Course) -> Enrollment:
    """Return the enrollment of Bob in the course."""
    return enrollments.enroll(actor=bob, user=bob, course=course)


def make_graded_item(course: Course, title: str = "Leaves", **fields: Any) -> GradedItem:
    """Create a published graded item of ten points, the base row of quizzes and assignments."""
    values = {"kind": ItemKind.QUIZ, "is_published": True, "points_possible": Decimal(10), **fields}
    return GradedItem.objects.create(course=course, title=title, **values)


def complete_all_lessons(enrollment: Enrollment) -> Enrollment:
    """Complete every lesson of an enrollment; return the updated enrollment."""
    for lesson in enrollment.course.lessons.all():
        enrollment = enrollments.complete_lesson(actor=enrollment.user, enrollment=enrollment, lesson_id=lesson.pk)
    return enrollment


def buy_course(user: User, course: Course, *, refunded: int = 0) -> Order:
    """Create an order that Stripe reports as paid, with `refunded` minor units refunded; return the order."""
    order, _made = checkout.place_order(actor=user, course=course)
    charge = {"id": f"ch_{order.pk.hex}", "amount": order.amount, "amount_refunded": refunded}
    intent = {"id": f"pi_{order.pk.hex}", "status": "succeeded", "amount": order.amount, "currency": order.currency}
    intent |= {"metadata": {"order_id": str(order.pk)}, "latest_charge": charge, "payment_method": "pm_card"}
    return checkout.apply_intent(order, intent)


@pytest.fixture
def browser_of() -> Callable[[User | None], Client]:
    """Return a function that returns a Django test client, logged in as a user or as a visitor for None."""

    def logged_in(user: User | None = None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return logged_in


@pytest.fixture
def api_of() -> Callable[[User | None], APIClient]:
    """Return a function that returns an API client with an access token of a user, or without one for None."""

    def with_token(user: User | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user=user).access_token}")
        return client

    return with_token
