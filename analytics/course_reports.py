"""Reports on one course: figures of a period, and a snapshot of its students at the end of a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.metrics import COMPLETION_TIME_LIMITS_DAYS, LONGER, subject_of
from analytics.models import Figure
from analytics.periods import Period, last_days, today
from analytics.reports import MONEY, revenue_figures
from analytics.rollup_reader import RollupReader, Sums
from courses.models import Course, Lesson
from enrollments.models import GradedItem

SNAPSHOT_FIGURES = (
    Figure.ENROLLMENTS, Figure.COMPLETIONS, Figure.SECONDS, Figure.TOOK, Figure.DONE, Figure.SETTLED, Figure.GRADED,
    Figure.POINTS,
)  # fmt: skip
PERIOD_FIGURES = (Figure.ENROLLMENTS, Figure.COMPLETIONS, *MONEY)
DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class CourseSnapshot:
    """State of a course's students at the end of a day, over all who had enrolled by then.

    Rates and averages are percentages with two decimals; 0.0 for a course without students, None without grades.
    """

    students: int
    completed: int
    completion_rate: float
    average_progress: float
    average_grade: float | None
    average_days: float | None
    funnel: list[dict[str, Any]]
    work: list[dict[str, Any]]
    durations: list[dict[str, Any]]


def course_snapshot(course: Course, reader: RollupReader, last: Any = None) -> CourseSnapshot:
    """Return the snapshot of a course at the end of the day `last`, by default today.

    Lessons and graded items are the current ones. Three queries, plus those for the live part.
    """
    return _build_snapshot(course, reader.sums(reader.period_until(last or today()), SNAPSHOT_FIGURES))


def _build_snapshot(course: Course, sums: Sums) -> CourseSnapshot:
    students, completed = sums.of(Figure.ENROLLMENTS), sums.of(Figure.COMPLETIONS)
    lessons = list(Lesson.objects.published().filter(course=course).order_by("order").values("pk", "title"))
    work = _work_results(course, sums)
    return CourseSnapshot(
        students=students,
        completed=completed,
        completion_rate=percent(completed, students),
        average_progress=_average_progress(sums, lessons, students, completed),
        average_grade=_average_grade(work),
        average_days=round(sums.of(Figure.SECONDS) / completed / DAY_SECONDS, 1) if completed else None,
        funnel=[_funnel_step(lesson, sums, students) for lesson in lessons],
        work=work,
        durations=_durations(sums),
    )


def percent(part: float, whole: float) -> float:
    """Return a percentage with two decimals; 0.0 if `whole` is 0."""
    return round(100 * part / whole, 2) if whole else 0.0


def _average_progress(sums: Sums, lessons: Sequence[Mapping[str, Any]], students: int, completed: int) -> float:
    """Return the mean progress. A completed course counts as 100, whatever lessons follow (quality row E05)."""
    if not students:
        return 0.0
    done, settled = sums.by_subject(Figure.DONE), sums.by_subject(Figure.SETTLED)
    subjects = [subject_of(lesson["pk"]) for lesson in lessons]
    running = sum(done.get(one, 0) - settled.get(one, 0) for one in subjects)
    share = 100 * running / len(lessons) if lessons else 0
    return round((100 * completed + share) / students, 2)


def _funnel_step(lesson: Mapping[str, Any], sums: Sums, students: int) -> dict[str, Any]:
    completed = sums.of(Figure.DONE, subject_of(lesson["pk"]))
    return {
        "lesson_id": lesson["pk"],
        "title": lesson["title"],
        "completed": completed,
        "percent": percent(completed, students),
    }


def _work_results(course: Course, sums: Sums) -> list[dict[str, Any]]:
    """Return number of grades and mean in percent for each graded item. One query."""
    found = []
    for item in GradedItem.objects.filter(course=course).values("pk", "title", "kind", "points_possible"):
        graded = sums.of(Figure.GRADED, subject_of(item["pk"]))
        points = sums.of(Figure.POINTS, subject_of(item["pk"]))
        possible = float(item["points_possible"]) * 100
        mean = round(100 * points / possible / graded, 2) if graded and possible else None
        found.append({"item_id": item["pk"], "title": item["title"], "kind": item["kind"], "graded": graded,
                      "average": mean, "share": points / possible if possible else 0.0})  # fmt: skip
    return found


def _average_grade(work: list[dict[str, Any]]) -> float | None:
    """Return the mean of all current grades, or None before anything is graded."""
    graded = sum(one["graded"] for one in work if one["average"] is not None)
    return round(100 * sum(one["share"] for one in work if one["average"] is not None) / graded, 2) if graded else None


def _durations(sums: Sums) -> list[dict[str, Any]]:
    """Return the number of completions by time taken; `days` is None for more than the highest limit."""
    limits = [(days, f"{days}") for days in COMPLETION_TIME_LIMITS_DAYS]
    return [{"days": days, "completions": sums.of(Figure.TOOK, subject)} for days, subject in [*limits, (None, LONGER)]]


def period_figures(course: Course, reader: RollupReader, period: Period, currency: str) -> dict[str, int]:
    """Return enrollments, completions, active learners and revenue of a course in a period."""
    sums = reader.sums(period, PERIOD_FIGURES)
    return {
        "enrollments": sums.of(Figure.ENROLLMENTS),
        "completions": sums.of(Figure.COMPLETIONS),
        "active": reader.count_active(period),
        **revenue_figures(sums, currency),
    }


def course_report(course: Course, period: Period | None, currency: str) -> dict[str, Any]:
    """Return the figures of a course, with the funnel of its lessons. Five queries, and seven for the live part.

    Without a period, everything until today is counted. With one, enrollments and revenue are those of its days; rates,
    averages and the funnel are the snapshot at its end.
    """
    reader = RollupReader([course.pk])
    last = period.last if period else today()
    ever = reader.period_until(last)
    ever_sums, sums = reader.sums_by_period([(ever, SNAPSHOT_FIGURES), (period or ever, (Figure.ENROLLMENTS, *MONEY))])
    snapshot = _build_snapshot(course, ever_sums)
    return {
        "course_id": course.pk,
        "title": course.title,
        "currency": currency,
        "total_enrollments": sums.of(Figure.ENROLLMENTS),
        "active_learners_30d": reader.count_active(last_days(until=last)),
        "completion_rate": snapshot.completion_rate,
        "average_progress": snapshot.average_progress,
        "average_rating": course.average_rating,
        "average_grade": snapshot.average_grade,
        "revenue": revenue_figures(sums, currency)["net"],
        "funnel": snapshot.funnel,
    }
