"""How one course does: what happened in some days, and how its students stood at their end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.models import Figure
from analytics.periods import Period, last_days, today
from analytics.reports import MONEY, money_of
from analytics.sources import LONGER, TOOK_DAYS, subject_of
from analytics.tallies import Reader, Sums
from courses.models import Course, Lesson
from enrollments.models import GradedItem

STANDING = (
    Figure.ENROLLMENTS, Figure.COMPLETIONS, Figure.SECONDS, Figure.TOOK, Figure.DONE, Figure.SETTLED, Figure.GRADED,
    Figure.POINTS,
)  # fmt: skip
HAPPENED = (Figure.ENROLLMENTS, Figure.COMPLETIONS, *MONEY)
DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Standing:
    """How a course's students stood at the end of a day, all who had enrolled until then.

    Rates and averages are percent to a hundredth; 0.0 where nobody has enrolled, None where nothing is graded.
    """

    students: int
    completed: int
    completion_rate: float
    average_progress: float
    average_grade: float | None
    average_days: float | None
    funnel: list[dict[str, Any]]
    work: list[dict[str, Any]]
    took: list[dict[str, Any]]


def standing_of(course: Course, reader: Reader, last: Any = None) -> Standing:
    """Return how the students of a course stand, or stood at the end of the day `last`. Three queries and today's.

    The lessons and the work are those that the course has now.
    """
    return _standing(course, reader.sums(reader.until(last or today()), STANDING))


def _standing(course: Course, sums: Sums) -> Standing:
    students, completed = sums.of(Figure.ENROLLMENTS), sums.of(Figure.COMPLETIONS)
    lessons = list(Lesson.objects.published().filter(course=course).order_by("order").values("pk", "title"))
    work = _work(course, sums)
    return Standing(
        students=students,
        completed=completed,
        completion_rate=percent(completed, students),
        average_progress=_average_progress(sums, lessons, students, completed),
        average_grade=_average_grade(work),
        average_days=round(sums.of(Figure.SECONDS) / completed / DAY_SECONDS, 1) if completed else None,
        funnel=[_step(lesson, sums, students) for lesson in lessons],
        work=work,
        took=_took(sums),
    )


def percent(part: float, whole: float) -> float:
    """Return a share in percent to a hundredth; 0.0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0


def _average_progress(sums: Sums, lessons: Sequence[Mapping[str, Any]], students: int, completed: int) -> float:
    """Return the mean progress; who has completed counts as 100, whatever lessons came later (QUALITY E05)."""
    if not students:
        return 0.0
    done, settled = sums.by_subject(Figure.DONE), sums.by_subject(Figure.SETTLED)
    subjects = [subject_of(lesson["pk"]) for lesson in lessons]
    running = sum(done.get(one, 0) - settled.get(one, 0) for one in subjects)
    share = 100 * running / len(lessons) if lessons else 0
    return round((100 * completed + share) / students, 2)


def _step(lesson: Mapping[str, Any], sums: Sums, students: int) -> dict[str, Any]:
    completed = sums.of(Figure.DONE, subject_of(lesson["pk"]))
    return {
        "lesson_id": lesson["pk"],
        "title": lesson["title"],
        "completed": completed,
        "percent": percent(completed, students),
    }


def _work(course: Course, sums: Sums) -> list[dict[str, Any]]:
    """Return how the graded work came out: how many have a grade, and its mean in percent. One query."""
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
    """Return the mean of all grades that stand; None before anything is graded."""
    graded = sum(one["graded"] for one in work if one["average"] is not None)
    return round(100 * sum(one["share"] for one in work if one["average"] is not None) / graded, 2) if graded else None


def _took(sums: Sums) -> list[dict[str, Any]]:
    """Return how many completed the course within how many days; None for longer than the longest."""
    classes = [(days, f"{days}") for days in TOOK_DAYS]
    return [
        {"days": days, "completions": sums.of(Figure.TOOK, subject)} for days, subject in [*classes, (None, LONGER)]
    ]


def happened(course: Course, reader: Reader, period: Period, currency: str) -> dict[str, int]:
    """Return what happened in a course in some days: enrolments, completions, people who learned, money."""
    sums = reader.sums(period, HAPPENED)
    return {
        "enrollments": sums.of(Figure.ENROLLMENTS),
        "completions": sums.of(Figure.COMPLETIONS),
        "active": reader.active(period),
        **money_of(sums, currency),
    }


def course_report(course: Course, period: Period | None, currency: str) -> dict[str, Any]:
    """Return how a course does (seed, `CourseAnalytics`), with the funnel of its lessons. Five queries and seven of
    today's part.

    Without a period, everything is counted until today. With one, enrolments and revenue are those of its days, and
    rates, averages and the funnel are how all students stood at its end.
    """
    reader = Reader([course.pk])
    last = period.last if period else today()
    ever = reader.until(last)
    stands, sums = reader.sums_of([(ever, STANDING), (period or ever, (Figure.ENROLLMENTS, *MONEY))])
    standing = _standing(course, stands)
    return {
        "course_id": course.pk,
        "title": course.title,
        "currency": currency,
        "total_enrollments": sums.of(Figure.ENROLLMENTS),
        "active_learners_30d": reader.active(last_days(until=last)),
        "completion_rate": standing.completion_rate,
        "average_progress": standing.average_progress,
        "average_rating": course.average_rating,
        "average_grade": standing.average_grade,
        "revenue": money_of(sums, currency)["net"],
        "funnel": standing.funnel,
    }
