"""Rows created at given times, and the same figures counted by plain SQL."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.models import User
from analytics.activity_buffer import quarter_start
from analytics.models import Activity, Learner
from courses.models import Course, Lesson
from enrollments.models import Enrollment, EnrollmentEvent, GradedItem, GradeEntry, LessonProgress
from payments.models import Account, EntryKind, LedgerEntry, Order, OrderStatus
from tools.testing.plugin import make_course, make_graded_item, make_user

LEDGER_ACCOUNTS = {
    "payment": (Account.SALES, Account.STRIPE),
    "refund": (Account.STRIPE, Account.REFUNDS),
    "dispute": (Account.STRIPE, Account.DISPUTES),
    "dispute_won": (Account.DISPUTES, Account.STRIPE),
}


@dataclass
class SampleData:
    """Two courses with prices in two currencies, and four people."""

    teacher: User
    courses: list[Course] = field(default_factory=list)
    lessons: list[list[Lesson]] = field(default_factory=list)
    items: list[GradedItem] = field(default_factory=list)
    people: list[User] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.courses = [make_course(self.teacher, "Oolong", lessons=2), make_course(self.teacher, "Sencha", lessons=2)]
        self.lessons = [list(course.lessons.order_by("order")) for course in self.courses]
        self.items = [make_graded_item(course) for course in self.courses]
        self.people = [make_user(f"Reader{number}") for number in range(4)]

    def enrollment(self, who: int, where: int, at: datetime) -> Enrollment:
        """Return the enrollment of a person in a course; create it at `at` if it is missing."""
        user, course = self.people[who], self.courses[where]
        found = Enrollment.objects.filter(user=user, course=course).first()
        if found is None:
            found = Enrollment.objects.create(user=user, course=course, enrolled_at=at)
            EnrollmentEvent.objects.create(enrollment=found, kind="enrolled", created_at=at)
        return found

    def add_event(self, kind: str, at: datetime, who: int, where: int, number: int) -> None:
        """Create the rows of an event at a time; an event that is impossible then is ignored."""
        enrollment = self.enrollment(who, where, at)
        if kind == "complete" and enrollment.completed_at is None and at >= enrollment.enrolled_at:
            Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=at)
            EnrollmentEvent.objects.create(enrollment=enrollment, kind="completed", created_at=at)
        elif kind == "lesson":
            lesson = self.lessons[where][number % 2]
            LessonProgress.objects.get_or_create(enrollment=enrollment, lesson=lesson, defaults={"completed_at": at})
        elif kind == "learn":
            learner, _new = Learner.objects.get_or_create(user=self.people[who])
            Activity.objects.get_or_create(learner=learner, course=self.courses[where], quarter_at=quarter_start(at))
        elif kind == "grade":
            points = None if number == 0 else number % 11
            GradeEntry.objects.create(item=self.items[where], enrollment=enrollment, points=points, created_at=at)
        elif kind in LEDGER_ACCOUNTS:
            self._add_payment(kind, at, who, where, 100 + number)

    def _add_payment(self, kind: str, at: datetime, who: int, where: int, amount: int) -> None:
        currency = ("EUR", "JPY")[where]
        order = Order.objects.create(
            user=self.people[who], course=self.courses[where], course_title="Tea", list_amount=amount, amount=amount,
            currency=currency, status=OrderStatus.COMPLETED, completed_at=at, created_at=at, expires_at=at,
        )  # fmt: skip
        source, target = LEDGER_ACCOUNTS[kind]
        LedgerEntry.objects.create(
            order=order, kind=EntryKind(kind), source=source, target=target, amount=amount, currency=currency,
            key=uuid.uuid4().hex, created_at=at,
        )  # fmt: skip


def fetch_value(query: str, *values: Any) -> Any:
    """Return the single value that a query yields, or 0."""
    with connection.cursor() as cursor:
        cursor.execute(query, [adapt_value(value) for value in values])
        return cursor.fetchone()[0] or 0


def adapt_value(value: Any) -> Any:
    """Return a value in the form in which the database stores it, for plain SQL."""
    if connection.vendor == "postgresql":
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value.hex if isinstance(value, uuid.UUID) else value


def period_bounds(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """Return the start and the end (exclusive) of these days in a time zone."""
    time_zone = ZoneInfo(zone)
    return datetime.combine(first, time(), time_zone), datetime.combine(last + timedelta(days=1), time(), time_zone)


def count_enrollments(
    begin: datetime, end: datetime, column: str = "enrolled_at", course: uuid.UUID | None = None
) -> int:
    """Count enrollments or completions by plain SQL."""
    query = f"SELECT count(*) FROM enrollments_enrollment WHERE {column} >= %s AND {column} < %s"
    return int(
        fetch_value(query + (" AND course_id = %s" if course else ""), begin, end, *([course] if course else []))
    )


def count_active(begin: datetime, end: datetime, course: uuid.UUID | None = None) -> int:
    """Count active people by plain SQL."""
    query = "SELECT count(DISTINCT learner_id) FROM analytics_activity WHERE quarter_at >= %s AND quarter_at < %s"
    return int(
        fetch_value(query + (" AND course_id = %s" if course else ""), begin, end, *([course] if course else []))
    )


def sum_ledger(begin: datetime, end: datetime, currency: str, *kinds: str) -> int:
    """Sum amounts of the ledger by plain SQL."""
    marks = ", ".join(["%s"] * len(kinds))
    query = (
        "SELECT sum(amount) FROM payments_ledgerentry "
        f"WHERE created_at >= %s AND created_at < %s AND currency = %s AND kind IN ({marks})"
    )
    return int(fetch_value(query, begin, end, currency, *kinds))


def count_progress(course: uuid.UUID, end: datetime) -> dict[str, Any]:
    """Count the progress of a course's students at a time by plain SQL."""
    students = int(
        fetch_value(
            "SELECT count(*) FROM enrollments_enrollment WHERE course_id = %s AND enrolled_at < %s", course, end
        )
    )
    done = int(
        fetch_value(
            "SELECT count(*) FROM enrollments_enrollment WHERE course_id = %s AND completed_at < %s", course, end
        )
    )
    running = int(
        fetch_value(
            "SELECT count(*) FROM enrollments_lessonprogress p JOIN enrollments_enrollment e ON e.id = p.enrollment_id "
            "WHERE e.course_id = %s AND p.completed_at < %s AND (e.completed_at IS NULL OR e.completed_at >= %s)",
            course, end, end,
        )
    )  # fmt: skip
    grade = fetch_value(
        "SELECT avg(100.0 * points / 10) FROM enrollments_gradeentry g JOIN enrollments_enrollment e "
        "ON e.id = g.enrollment_id WHERE e.course_id = %s AND g.points IS NOT NULL AND g.id = (SELECT max(n.id) FROM "
        "enrollments_gradeentry n WHERE n.item_id = g.item_id AND n.enrollment_id = g.enrollment_id)",
        course,
    )
    return {"students": students, "completed": done, "running": running, "grade": float(grade)}
