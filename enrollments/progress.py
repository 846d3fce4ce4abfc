"""Explanation of the progress percentage of an enrollment."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.models import Lesson
from enrollments import registry
from enrollments.models import Enrollment, LessonProgress


@dataclass
class LessonStatus:
    """A published lesson of the course, and whether the student has completed it."""

    lesson_id: uuid.UUID
    title: str
    is_done: bool
    completed_at: datetime | None
    completion_rule: str


@dataclass
class ProgressExplanation:
    """The lessons behind a progress percentage, and the unmet requirements for completion."""

    enrollment_id: uuid.UUID
    progress_percentage: int
    summary: str
    lessons_total: int
    lessons_done: int
    lessons: list[LessonStatus]
    missing_work: list[registry.MissingWork]
    completed_at: datetime | None

    @property
    def missing(self) -> list[str]:
        """Texts of the unmet requirements."""
        return [missing.text for missing in self.missing_work]


def explain_progress(*, enrollment: Enrollment) -> ProgressExplanation:
    """Return the explanation of the progress of `enrollment`.

    Needs `with_progress()`. Two queries, and those of the registered requirements.
    """
    published = Lesson.objects.published().filter(course=enrollment.course_id).order_by("order")
    done = dict(
        LessonProgress.objects.filter(enrollment=enrollment, completed_at__isnull=False).values_list(
            "lesson_id", "completed_at"
        )
    )
    lessons = [
        LessonStatus(lesson_id, title, lesson_id in done, done.get(lesson_id), rule)
        for lesson_id, title, rule in published.values_list("pk", "title", "completion_rule")
    ]
    finished = sum(lesson.is_done for lesson in lessons)
    return ProgressExplanation(
        enrollment_id=enrollment.pk,
        progress_percentage=enrollment.progress_percentage,
        summary=_summary(enrollment, finished, len(lessons)),
        lessons_total=len(lessons),
        lessons_done=finished,
        lessons=lessons,
        missing_work=[] if enrollment.completed_at else registry.list_missing_work(enrollment),
        completed_at=enrollment.completed_at,
    )


def _summary(enrollment: Enrollment, done: int, total: int) -> str:
    """Return the explanation in a sentence."""
    if enrollment.completed_at is not None:
        return _("You have completed this course. It stays at 100%, even if lessons are added later.")
    if not total:
        return _("This course has no published lessons yet.")
    numbers = {"done": done, "total": total, "percent": enrollment.progress_percentage}
    return (
        ngettext(
            "%(done)d of %(total)d lesson is completed: %(percent)d%%, rounded down.",
            "%(done)d of %(total)d lessons are completed: %(percent)d%%, rounded down.",
            total,
        )
        % numbers
    )
