"""The data of the benchmarks, and request headers of its users."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from accounts.tokens import start_session
from courses import services as courses
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment, GradedItem, GradeEntry, ItemKind
from tools.demo.sized import Size, insert, load_sized

PASSWORD = "learn-by-doing"  # noqa: S105  # of test users
COURSES = 2_000
STUDENTS = 2_000
ENROLLMENTS = 20_000
LESSONS_OF_THE_LONG_COURSE = 67
GRADEBOOK_STUDENTS = 1_000
GRADEBOOK_ITEMS = 50


@dataclass(frozen=True)
class World:
    """Users and courses that the benchmarks use."""

    teacher: User
    student: User
    long_course: Course
    enrollment: Enrollment
    graded_course: Course


def build_world(quick: bool = False) -> World:
    """Fill the database with 2,000 courses and their students, or a tenth if `quick`; return the named ones."""
    part = 10 if quick else 1
    load_sized(Size(COURSES // part, STUDENTS // part, ENROLLMENTS // part))
    teacher = User.objects.create_user("teacher@example.com", PASSWORD, full_name="Tea Cher", role=Role.INSTRUCTOR)
    student = User.objects.create_user("student@example.com", PASSWORD, full_name="Stu Dent")
    long_course = _create_long_course(teacher)
    for course in Course.objects.published().filter(price_cents=0).exclude(pk=long_course.pk)[:19]:
        enrollments.enroll(actor=student, user=student, course=course)
    enrollment = enrollments.enroll(actor=student, user=student, course=long_course)
    return World(teacher, student, long_course, enrollment, _create_graded_course(teacher, part))


def _create_long_course(teacher: User) -> Course:
    """Create a course of 67 lessons in ten sections."""
    course = courses.create_course(actor=teacher, title="A long course")
    section = course.sections.get()
    for number in range(LESSONS_OF_THE_LONG_COURSE):
        if number and number % 7 == 0:
            section = courses.add_section(actor=teacher, course=course, title=f"Part {number // 7 + 1}")
        text = "What one should **know**.\n\n" * 10
        courses.add_lesson(actor=teacher, course=course, section=section, title=f"Lesson {number}", content=text)
    return courses.publish_course(actor=teacher, course=course)


def _create_graded_course(teacher: User, part: int) -> Course:
    """Create a course of 1,000 students and 50 graded items, with all grades."""
    course = courses.create_course(actor=teacher, title="A graded course")
    courses.add_lesson(actor=teacher, course=course, title="All of it")
    courses.publish_course(actor=teacher, course=course)
    items = [
        GradedItem(
            course=course, kind=ItemKind.QUIZ, title=f"Work {number}", is_published=True, points_possible=10,
            position=number, due_at=timezone.now() + timedelta(days=number),
        )
        for number in range(GRADEBOOK_ITEMS)
    ]  # fmt: skip
    insert(items)
    others = User.objects.filter(role=Role.STUDENT).exclude(
        email="student@example.com"
    )  # whose dashboard is benchmarked
    students = others.order_by("pk")[: GRADEBOOK_STUDENTS // part]
    enrolled = [Enrollment(user=student, course=course) for student in students]
    insert(enrolled)
    insert(
        GradeEntry(item=item, enrollment=enrollment, points=Decimal(number % 11))
        for number, enrollment in enumerate(enrolled)
        for item in items
    )
    return course


def browser_headers(user: User | None) -> dict[str, str]:
    """Return the request headers of a browser in which `user` is logged in, or of a visitor for None."""
    headers = {"X-Forwarded-Proto": "https"}
    if user is not None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    return headers


def bearer_headers(user: User) -> dict[str, str]:
    """Return the request headers of an API client with a new session of `user`."""
    return {"X-Forwarded-Proto": "https", "Authorization": f"Bearer {start_session(user=user).access_token}"}
