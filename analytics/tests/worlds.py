"""Rows made up at given moments, and the same figures counted by plain SQL."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.models import User
from analytics.models import Activity, Learner
from analytics.noting import quarter_of
from courses.models import Course, Lesson
from enrollments.models import Enrollment, EnrollmentEvent, GradedItem, GradeEntry, LessonProgress
from lms.testing.plugin import graded_item, make_course, person
from payments.models import Account, EntryKind, LedgerEntry, Order, OrderStatus

MONEY_MOVES = {
    "payment": (Account.SALES, Account.STRIPE),
    "refund": (Account.STRIPE, Account.REFUNDS),
    "dispute": (Account.STRIPE, Account.DISPUTES),
    "dispute_won": (Account.DISPUTES, Account.STRIPE),
}


@dataclass
class World:
    """Two courses in two currencies, and people to whom things happen."""

    teacher: User
    courses: list[Course] = field(default_factory=list)
    lessons: list[list[Lesson]] = field(default_factory=list)
    items: list[GradedItem] = field(default_factory=list)
    people: list[User] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.courses = [make_course(self.teacher, "Oolong", lessons=2), make_course(self.teacher, "Sencha", lessons=2)]
        self.lessons = [list(course.lessons.order_by("order")) for course in self.courses]
        self.items = [graded_item(course) for course in self.courses]
        self.people = [person(f"Reader{number}") for number in range(4)]

    def enrollment(self, who: int, where: int, at: datetime) -> Enrollment:
        """Return the enrolment of a person in a course, made at `at` if there is none."""
        user, course = self.people[who], self.courses[where]
        found = Enrollment.objects.filter(user=user, course=course).first()
        if found is None:
            found = Enrollment.objects.create(user=user, course=course, enrolled_at=at)
            EnrollmentEvent.objects.create(enrollment=found, kind="enrolled", created_at=at)
        return found

    def happens(self, kind: str, at: datetime, who: int, where: int, number: int) -> None:
        """Make something happen at a moment; what makes no sense happens not."""
        enrollment = self.enrollment(who, where, at)
        if kind == "complete" and enrollment.completed_at is None and at >= enrollment.enrolled_at:
            Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=at)
            EnrollmentEvent.objects.create(enrollment=enrollment, kind="completed", created_at=at)
        elif kind == "lesson":
            lesson = self.lessons[where][number % 2]
            LessonProgress.objects.get_or_create(enrollment=enrollment, lesson=lesson, defaults={"completed_at": at})
        elif kind == "learn":
            learner, _new = Learner.objects.get_or_create(user=self.people[who])
            Activity.objects.get_or_create(learner=learner, course=self.courses[where], quarter_at=quarter_of(at))
        elif kind == "grade":
            points = None if number == 0 else number % 11
            GradeEntry.objects.create(item=self.items[where], enrollment=enrollment, points=points, created_at=at)
        elif kind in MONEY_MOVES:
            self._money(kind, at, who, where, 100 + number)

    def _money(self, kind: str, at: datetime, who: int, where: int, amount: int) -> None:
        currency = ("EUR", "JPY")[where]
        order = Order.objects.create(
            user=self.people[who], course=self.courses[where], course_title="Tea", list_amount=amount, amount=amount,
            currency=currency, status=OrderStatus.COMPLETED, completed_at=at, created_at=at, expires_at=at,
        )  # fmt: skip
        source, target = MONEY_MOVES[kind]
        LedgerEntry.objects.create(
            order=order, kind=EntryKind(kind), source=source, target=target, amount=amount, currency=currency,
            key=uuid.uuid4().hex, created_at=at,
        )  # fmt: skip


def sql(query: str, *values: Any) -> Any:
    """Return the one value that a query gives, as the database says it."""
    with connection.cursor() as cursor:
        cursor.execute(query, [bound(value) for value in values])
        return cursor.fetchone()[0] or 0


def bound(value: Any) -> Any:
    """Return a value as the database takes it from plain SQL."""
    if connection.vendor == "postgresql":
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value.hex if isinstance(value, uuid.UUID) else value


def limits(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """Return the moments between which these days lie in a time zone."""
    place = ZoneInfo(zone)
    return datetime.combine(first, time(), place), datetime.combine(last + timedelta(days=1), time(), place)


IN_COURSE = {True: " AND {} = %s", False: ""}


def enrolled(begin: datetime, end: datetime, column: str = "enrolled_at", course: uuid.UUID | None = None) -> int:
    """Count enrolments, or completions, by plain SQL."""
    query = f"SELECT count(*) FROM enrollments_enrollment WHERE {column} >= %s AND {column} < %s"
    return int(sql(query + (" AND course_id = %s" if course else ""), begin, end, *([course] if course else [])))


def active(begin: datetime, end: datetime, course: uuid.UUID | None = None) -> int:
    """Count people who learned by plain SQL."""
    query = "SELECT count(DISTINCT learner_id) FROM analytics_activity WHERE quarter_at >= %s AND quarter_at < %s"
    return int(sql(query + (" AND course_id = %s" if course else ""), begin, end, *([course] if course else [])))


def money(begin: datetime, end: datetime, currency: str, *kinds: str) -> int:
    """Sum amounts of the ledger by plain SQL."""
    marks = ", ".join(["%s"] * len(kinds))
    query = (
        "SELECT sum(amount) FROM payments_ledgerentry "
        f"WHERE created_at >= %s AND created_at < %s AND currency = %s AND kind IN ({marks})"
    )
    return int(sql(query, begin, end, currency, *kinds))


def standing(course: uuid.UUID, end: datetime) -> dict[str, Any]:
    """Count how a course's students stood at a moment, by plain SQL over the rows."""
    students = int(
        sql("SELECT count(*) FROM enrollments_enrollment WHERE course_id = %s AND enrolled_at < %s", course, end)
    )
    done = int(
        sql("SELECT count(*) FROM enrollments_enrollment WHERE course_id = %s AND completed_at < %s", course, end)
    )
    running = int(
        sql(
            "SELECT count(*) FROM enrollments_lessonprogress p JOIN enrollments_enrollment e ON e.id = p.enrollment_id "
            "WHERE e.course_id = %s AND p.completed_at < %s AND (e.completed_at IS NULL OR e.completed_at >= %s)",
            course, end, end,
        )
    )  # fmt: skip
    grade = sql(
        "SELECT avg(100.0 * points / 10) FROM enrollments_gradeentry g JOIN enrollments_enrollment e "
        "ON e.id = g.enrollment_id WHERE e.course_id = %s AND g.points IS NOT NULL AND g.id = (SELECT max(n.id) FROM "
        "enrollments_gradeentry n WHERE n.item_id = g.item_id AND n.enrollment_id = g.enrollment_id)",
        course,
    )
    return {"students": students, "completed": done, "running": running, "grade": float(grade)}
