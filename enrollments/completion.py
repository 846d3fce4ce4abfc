"""Completion of enrollments: by the student, after a grade, and after a change of the course."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.lookups import GreaterThanOrEqual
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.audit.entries import record
from courses.models import CompletionRule, Course, Lesson
from enrollments import registry
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, EnrollmentEvent, LessonProgress
from enrollments.signals import course_completed
from enrollments.states import ENROLLMENT

CHUNK_SIZE = 500

# The same rule as `Lesson.seconds_to_watch`, without rounding: an integer number of seconds reaches the share of the
# video exactly if it reaches that share rounded up.
IS_WATCHED = Q(lesson__completion_rule=CompletionRule.VIDEO) & Q(
    GreaterThanOrEqual(F("watched_seconds") * 100, F("lesson__video_seconds") * F("lesson__video_share"))
)


def append_event(enrollment: Enrollment, kind: EnrollmentEvent.Kind, actor: Any, reason: str = "") -> None:
    """Append an event to the history of the enrollment."""
    user = actor if isinstance(actor, User) else None
    EnrollmentEvent.objects.create(enrollment=enrollment, kind=kind, actor=user, reason=reason[:300])


def get_with_progress(enrollment: Enrollment) -> Enrollment:
    """Return the enrollment with its current progress, course and user. One query."""
    return Enrollment.objects.with_progress().with_next_lesson().select_related("course", "user").get(pk=enrollment.pk)


def _unfinished_lessons(enrollment: Enrollment) -> QuerySet[Lesson]:
    """Return the published lessons of the course that are not completed."""
    completed = LessonProgress.objects.filter(enrollment=enrollment.pk, completed_at__isnull=False)
    return Lesson.objects.published().filter(
        ~Exists(completed.filter(lesson=OuterRef("pk"))), course=enrollment.course_id
    )


def complete_if_done(*, actor: Any, enrollment: Enrollment) -> bool:
    """Complete the course if all requirements are met; return whether this call completed it.

    Call it with the enrollment's row locked. Ended and completed enrollments are not changed.
    """
    if not ENROLLMENT.check("complete_if_done", enrollment.state, raises=EnrollmentError):
        return False
    # Most grades are recorded before the last lesson is completed, so this saves the queries of the other requirements.
    if _unfinished_lessons(enrollment).exists():
        return False
    current = get_with_progress(enrollment)
    if current.progress_percentage < 100 or registry.missing_for_completion(current):
        return False
    mark_complete(actor, current)
    return True


def mark_complete(actor: Any, enrollment: Enrollment) -> None:
    """Set `completed_at` and send `course_completed`. Call it once, with the enrollment's row locked."""
    enrollment.completed_at = timezone.now()
    enrollment.save(update_fields=["completed_at"])
    append_event(enrollment, EnrollmentEvent.Kind.COMPLETED, actor)
    record(actor=actor, action="enrollments.completed", target=enrollment)
    course_completed.send(sender=Enrollment, enrollment=enrollment, actor=actor)


def complete_finished_enrollments(*, course_id: uuid.UUID) -> int:
    """Complete the enrollments of a published course that meet all requirements; return their number.

    Idempotent. Only students with all published lessons done are loaded one by one, each in a separate transaction;
    finding them takes one query for each `CHUNK_SIZE` of them. Unpublished courses are skipped, because their author
    may be editing them; publishing runs this again.
    """
    if not Course.objects.published().filter(pk=course_id, lessons_count__gt=0).exists():
        return 0
    return sum(_complete_finished(enrollment_id) for enrollment_id in _finished_ids(course_id))


def _finished_ids(course_id: uuid.UUID) -> Iterator[uuid.UUID]:
    """Yield the ids of active, uncompleted enrollments with all published lessons done; one query for each chunk."""
    done = LessonProgress.objects.filter(lesson=OuterRef("pk"), enrollment=OuterRef(OuterRef("pk")))
    unfinished = Lesson.objects.published().filter(
        ~Exists(done.filter(Q(completed_at__isnull=False) | IS_WATCHED)), course=course_id
    )
    rows = Enrollment.objects.active().filter(~Exists(unfinished), course=course_id, completed_at=None).order_by("pk")
    chunk = list(rows.values_list("pk", flat=True)[:CHUNK_SIZE])
    while chunk:
        yield from chunk
        chunk = list(rows.filter(pk__gt=chunk[-1]).values_list("pk", flat=True)[:CHUNK_SIZE])


@transaction.atomic
def _complete_finished(enrollment_id: uuid.UUID) -> bool:
    """Lock an enrollment, complete sufficiently watched videos, then the course; return whether it was completed."""
    enrollment = Enrollment.objects.select_for_update(of=("self",)).get(pk=enrollment_id)
    if not ENROLLMENT.check("complete_if_done", enrollment.state, raises=EnrollmentError):
        return False
    watched = LessonProgress.objects.filter(IS_WATCHED, enrollment=enrollment, completed_at=None)
    watched.filter(lesson__is_published=True).update(completed_at=timezone.now())
    return complete_if_done(actor=None, enrollment=enrollment)


def list_unfinished_lessons(enrollment: Enrollment) -> list[registry.MissingWork]:
    """Return each published lesson that is not completed; one text if the course has no lessons."""
    lessons = list(_unfinished_lessons(enrollment).order_by("order").values_list("pk", "title"))
    if not lessons and not Lesson.objects.published().filter(course=enrollment.course_id).exists():
        return [registry.MissingWork(_("this course has no lessons yet"))]
    slug = enrollment.course.slug
    return [
        registry.MissingWork(_("the lesson “%s”") % title, reverse("enrollments:lesson", args=[slug, lesson_id]))
        for lesson_id, title in lessons
    ]


registry.requirements.register("lessons", list_unfinished_lessons)
