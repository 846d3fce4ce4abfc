"""G12: time of reports over a year at a million enrollments, compared with queries over the rows themselves.

The times at ten thousand enrollments are compared, too. The database itself generates the rows.
`python -m tools.bench analytics` runs only this benchmark.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Role, User
from analytics import rollups
from analytics.course_reports import course_report
from analytics.models import Activity
from analytics.periods import Period, today
from analytics.reports import enrollment_report, overview, revenue_report
from courses.models import Course, Lesson, Section
from enrollments.models import Enrollment, LessonProgress
from payments.models import LedgerEntry, Order, OrderStatus
from tools.bench.figures import Figure

SMALL, LARGE = 10_000, 1_000_000
COURSES = 50
LESSONS = 4
PER_PERSON = 5  # enrollments
TIMES, TIMES_OF_ROWS = 40, 4
GROWTH = 2.0

# Moves a future time of today to an earlier time of today and returns NULL for later days: at any hour, a full day's
# share of the rows is of today, which no roll-up covers.
BY_NOW = """
CREATE OR REPLACE FUNCTION pg_temp.by_now(at timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
SELECT CASE WHEN at <= now() THEN at WHEN at < date_trunc('day', now()) + interval '1 day'
THEN date_trunc('day', now()) + random() * (now() - date_trunc('day', now())) END $$
"""

ReportAndQueries = tuple[Callable[[], object], list[tuple[str, list[Any]]]]


def measure() -> Iterator[Figure]:
    """Yield the speedup of each report over row queries at a million enrollments, and its growth from ten thousand."""
    courses = _create_courses()
    small: dict[str, float] = {}
    for size in (SMALL, LARGE):
        _grow(size, courses)
        started = time.perf_counter()
        rollups.rebuild()
        rebuilt = time.perf_counter() - started
        _vacuum()
        for name, (report, plain) in _reports_and_queries(courses[0]).items():
            ours, theirs = _fastest_ms(report, TIMES), _fastest_ms(partial(_execute, plain), TIMES_OF_ROWS)
            if size == SMALL:
                small[name] = ours
                continue
            notes = (
                f"{ours:.1f} ms; over the rows {theirs:.0f} ms; at 10 thousand {small[name]:.1f} ms; the fastest calls"
            )
            yield Figure("G12", f"{name}, 1 million enrollments", theirs / ours, "times faster", 10, 100, notes=notes)
            growth = ours / small[name]
            yield Figure("G12", f"{name}: from 10 thousand to 1 million", growth, "times", GROWTH, more_is_better=False)
    rows = Enrollment.objects.count() + LessonProgress.objects.count() + LedgerEntry.objects.count()
    notes = f"{rows + Activity.objects.count():,} rows"
    yield Figure("G12", "rebuild of all roll-ups", rebuilt, "s", notes=notes)


def _reports_and_queries(course: Course) -> dict[str, ReportAndQueries]:
    """Return each report over the last year with the row queries that return the same figures."""
    year = Period(today() - timedelta(days=364), today())
    month = Period(today() - timedelta(days=29), today())
    return {
        "overview": (lambda: overview(year, "EUR"), _plain_overview(year, month)),
        "enrollments by day": (lambda: enrollment_report(year), _plain_enrollments(year)),
        "revenue by day": (lambda: revenue_report(year, "EUR"), _plain_revenue(year)),
        "course analytics": (lambda: course_report(course, year, "EUR"), _plain_course(course, year, month)),
    }


def _between(days: Period) -> list[Any]:
    return [days.begins_at, days.ends_at]


NET = (
    "SELECT {group}count(*) FILTER (WHERE kind = 'payment'), sum(amount) FILTER (WHERE kind = 'payment'), "
    "sum(amount) FILTER (WHERE kind IN ('refund', 'dispute')) FROM payments_ledgerentry {join}"
    "WHERE currency = 'EUR' AND {table}created_at >= %s AND {table}created_at < %s"
)


def _plain_overview(year: Period, month: Period) -> list[tuple[str, list[Any]]]:
    enrolled = "SELECT count(*) FROM enrollments_enrollment WHERE enrolled_at >= %s AND enrolled_at < %s"
    return [
        ("SELECT count(*) FROM accounts_user WHERE created_at >= %s AND created_at < %s", _between(year)),
        ("SELECT count(*) FROM courses_course WHERE created_at >= %s AND created_at < %s", _between(year)),
        (enrolled, _between(year)),
        (enrolled, _between(month)),
        (NET.format(group="", join="", table=""), _between(year)),
        ("SELECT count(DISTINCT learner_id) FROM analytics_activity WHERE quarter_at >= %s AND quarter_at < %s",
         _between(month)),
    ]  # fmt: skip


def _plain_enrollments(year: Period) -> list[tuple[str, list[Any]]]:
    """Return queries of totals, daily series and courses of the year, and of the totals of the year before."""
    queries = []
    for expression, table, column in (
        ("count(*)", "enrollments_enrollment", "enrolled_at"),
        ("count(*)", "enrollments_enrollment", "completed_at"),
        ("count(DISTINCT learner_id)", "analytics_activity", "quarter_at"),
    ):
        condition = f"FROM {table} WHERE {column} >= %s AND {column} < %s"
        queries += [
            (f"SELECT {expression} {condition}", _between(year)),
            (f"SELECT {expression} {condition}", _between(year.previous())),
            (f"SELECT date_trunc('day', {column}), {expression} {condition} GROUP BY 1", _between(year)),
            (f"SELECT course_id, {expression} {condition} GROUP BY 1", _between(year)),
        ]
    return queries


def _plain_revenue(year: Period) -> list[tuple[str, list[Any]]]:
    by_course = (
        NET.format(
            group="o.course_id, ", join="JOIN payments_order o ON o.id = order_id ", table="payments_ledgerentry."
        )
        .replace("amount)", "payments_ledgerentry.amount)")
        .replace("currency =", "payments_ledgerentry.currency =")
    )
    by_day = NET.format(group="date_trunc('day', created_at), ", join="", table="")
    return [
        (NET.format(group="", join="", table=""), _between(year)),
        (NET.format(group="", join="", table=""), _between(year.previous())),
        (f"{by_day} GROUP BY 1", _between(year)),
        (f"{by_course} GROUP BY 1", _between(year)),
    ]


def _plain_course(course: Course, year: Period, month: Period) -> list[tuple[str, list[Any]]]:
    money = (
        NET.format(group="", join="JOIN payments_order o ON o.id = order_id ", table="payments_ledgerentry.")
        .replace("amount)", "payments_ledgerentry.amount)")
        .replace("currency =", "payments_ledgerentry.currency =")
    )
    progress = (
        "FROM enrollments_lessonprogress p JOIN enrollments_enrollment e ON e.id = p.enrollment_id "
        "WHERE e.course_id = %s AND p.completed_at < %s"
    )
    return [
        ("SELECT count(*), count(completed_at) FROM enrollments_enrollment WHERE course_id = %s AND enrolled_at < %s",
         [course.pk, year.ends_at]),
        ("SELECT count(*) FROM enrollments_enrollment WHERE course_id = %s AND enrolled_at >= %s AND enrolled_at < %s",
         [course.pk, *_between(year)]),
        (f"SELECT p.lesson_id, count(*) {progress} GROUP BY 1", [course.pk, year.ends_at]),
        (f"SELECT count(*) {progress} AND e.completed_at IS NULL", [course.pk, year.ends_at]),
        ("SELECT count(DISTINCT learner_id) FROM analytics_activity WHERE course_id = %s AND quarter_at >= %s AND "
         "quarter_at < %s", [course.pk, *_between(month)]),
        (f"{money} AND o.course_id = %s", [*_between(year), course.pk]),
    ]  # fmt: skip


def _execute(queries: list[tuple[str, list[Any]]]) -> None:
    with connection.cursor() as cursor:
        for query, values in queries:
            cursor.execute(query, values)
            cursor.fetchall()


def _fastest_ms(act: Callable[[], object], times: int) -> float:
    """Return the time of the fastest call in milliseconds, without the first one.

    The fastest call is the least disturbed by other processes, which slow down many short statements most.
    """
    waits = []
    for _time in range(times + 1):
        started = time.perf_counter()
        act()
        waits.append((time.perf_counter() - started) * 1000)
    return min(waits[1:])


def _create_courses() -> list[Course]:
    """Create the courses with their lessons."""
    teacher = User.objects.create_user("figures@example.com", None, full_name="Teacher", role=Role.INSTRUCTOR)
    now = timezone.now()
    courses = Course.objects.bulk_create(
        Course(slug=f"figures-{number}", title=f"Figures {number}", instructor=teacher, is_published=True,
               published_at=now, price_cents=4900, lessons_count=LESSONS)
        for number in range(COURSES)
    )  # fmt: skip
    sections = Section.objects.bulk_create(Section(course=course, title="All", order=1) for course in courses)
    Lesson.objects.bulk_create(
        Lesson(course=section.course, section=section, title=f"Lesson {order}", order=order)
        for section in sections
        for order in range(1, LESSONS + 1)
    )
    return courses


def _grow(size: int, courses: list[Course]) -> None:
    """Generate rows in the database until there are `size` enrollments, spread over the last year.

    Each user has five courses, 30 % of the enrollments are completed, a fifth are paid, a twentieth of these are
    refunded. Primary keys ascend with time as in production, so that no row counts as late. Foreign keys are not
    checked for each row.
    """
    people = size // PER_PERSON
    template = User.objects.create_user(f"template{size}@example.com", None, full_name="Reader")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(BY_NOW)
        cursor.execute("SET statement_timeout = 0")  # a site never inserts a million rows in one statement
        for table in ("payments_ledgerentry", "payments_order", "analytics_activity", "analytics_learner",
                      "enrollments_lessonprogress", "enrollments_enrollment"):  # fmt: skip
            cursor.execute(f"TRUNCATE {table} CASCADE")
        cursor.execute("DELETE FROM accounts_user WHERE email LIKE 'reader%%'")
        _copy_row(cursor, template, {
            "id": "md5('reader' || n)::uuid", "email": "'reader' || n || '@example.com'",
            "created_at": "now() - mod(n, 365) * interval '1 day'",
        }, people)  # fmt: skip
        cursor.execute(
            "INSERT INTO analytics_learner (number, user_id) SELECT n, md5('reader' || n)::uuid "
            "FROM generate_series(1, %s) n", [people],
        )  # fmt: skip
        _insert_enrollments(cursor, people, courses)
        _insert_payments(cursor, courses[0], template)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("ANALYZE")
        cursor.execute("RESET statement_timeout")


def _vacuum() -> None:
    """Run the vacuum that the database runs by itself some minutes after so many inserts."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")


def _copy_row(cursor: Any, row: Any, changes: dict[str, str], times: int) -> None:
    """Insert `times` copies of a row, with the columns of `changes` set to expressions of `n`."""
    table = row._meta.db_table
    names = _columns(row)
    values = ", ".join(changes.get(name, f"t.{name}") for name in names)
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} t, generate_series(1, {times}) n "  # noqa: S608  # constant names
        "WHERE t.id = %s", [row.pk],
    )  # fmt: skip


def _insert_enrollments(cursor: Any, people: int, courses: list[Course]) -> None:
    cursor.execute("CREATE TEMP TABLE IF NOT EXISTS of_course (place int, id uuid)")
    cursor.execute("TRUNCATE of_course")
    cursor.executemany("INSERT INTO of_course VALUES (%s, %s)", [(at, course.pk) for at, course in enumerate(courses)])
    cursor.execute(
        "INSERT INTO enrollments_enrollment (id, user_id, course_id, source, enrolled_at, last_activity_at, is_active, "
        "completed_at) SELECT gen_random_uuid(), md5('reader' || who)::uuid, c.id, 'free', at, at, true, "
        "CASE WHEN (who + turn) %% 10 < 3 THEN pg_temp.by_now(at + (who %% 60) * interval '1 day') END "
        "FROM (SELECT who, turn, pg_temp.by_now(date_trunc('day', now()) + interval '1 day' - random() * interval "
        "'364 days') AS at FROM generate_series(1, %s) who, generate_series(0, %s) turn) made "
        "JOIN of_course c ON c.place = (who + turn) %% %s",
        [people, PER_PERSON - 1, len(courses)],
    )
    cursor.execute(
        "INSERT INTO enrollments_lessonprogress (enrollment_id, lesson_id, completed_at, position_seconds, "
        "watched_seconds, updated_at) SELECT e.id, l.id, done, 0, 0, done FROM enrollments_enrollment e "
        "JOIN courses_lesson l ON l.course_id = e.course_id, "
        "LATERAL (SELECT pg_temp.by_now(e.enrolled_at + l.\"order\" * interval '5 days') AS done) d "
        'WHERE (l."order" = 1 OR e.completed_at IS NOT NULL) AND done IS NOT NULL ORDER BY done'
    )
    cursor.execute(
        "INSERT INTO analytics_activity (learner_id, course_id, quarter_at) SELECT w.number, e.course_id, "
        "date_trunc('hour', p.completed_at) FROM enrollments_lessonprogress p JOIN enrollments_enrollment e "
        "ON e.id = p.enrollment_id JOIN analytics_learner w ON w.user_id = e.user_id ORDER BY p.id "
        "ON CONFLICT DO NOTHING"
    )


def _insert_payments(cursor: Any, course: Course, buyer: User) -> None:
    order = Order.objects.create(
        user=buyer, course=course, course_title="Figures", list_amount=4900, amount=4900, currency="EUR",
        status=OrderStatus.COMPLETED, completed_at=timezone.now(), expires_at=timezone.now(),
    )  # fmt: skip
    names = _columns(order)
    changes = {"id": "e.id", "user_id": "e.user_id", "course_id": "e.course_id", "created_at": "e.enrolled_at"}
    values = ", ".join(changes.get(name, f"t.{name}") for name in names)
    cursor.execute(
        f"INSERT INTO payments_order ({', '.join(names)}) SELECT {values} FROM payments_order t, "  # noqa: S608  # constant names
        "enrollments_enrollment e WHERE t.id = %s AND get_byte(uuid_send(e.id), 0) < 51", [order.pk],
    )  # fmt: skip
    for kind, source, target, share, later in (
        ("payment", "sales", "stripe", 256, 0), ("refund", "stripe", "refunds", 13, 9),
    ):  # fmt: skip
        cursor.execute(
            "INSERT INTO payments_ledgerentry (order_id, kind, source, target, amount, currency, key, created_at) "
            "SELECT id, %s, %s, %s, amount, currency, %s || id, at FROM payments_order, "
            "LATERAL (SELECT pg_temp.by_now(payments_order.created_at + %s * interval '1 day') AS at) d "
            "WHERE get_byte(uuid_send(id), 1) < %s AND id <> %s AND at IS NOT NULL ORDER BY at",
            [kind, source, target, kind, later, share, order.pk],
        )


def _columns(row: Any) -> list[str]:
    return [field.column for field in row._meta.local_concrete_fields]
