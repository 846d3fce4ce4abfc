"""Completion of enrollments: after a student's own action, after a grade, and after the course has changed."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import CompletionRule, Course, Lesson
from enrollments import registry
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, EnrollmentEvent, LessonProgress
from enrollments.signals import course_completed
from enrollments.states import ENROLLMENT
from lms.lib.prepared import Prepared
from lms.platform.audit import record

CHUNK = 500

# The same rule as `Lesson.seconds_to_watch`, without its rounding: whole seconds reach a share of the video exactly
# when they reach that share rounded up.
IS_WATCHED = Q(lesson__completion_rule=CompletionRule.VIDEO) & Q(
    GreaterThanOrEqual(F("watched_seconds") * 100, F("lesson__video_seconds") * F("lesson__video_share"))
)


def append_event(enrollment: Enrollment, kind: EnrollmentEvent.Kind, actor: Any, reason: str = "") -> None:
    """Append a line to the enrollment's history."""
    known = actor if isinstance(actor, User) else None
    EnrollmentEvent.objects.create(enrollment=enrollment, kind=kind, actor=known, reason=reason[:300])


def current_progress(enrollment: Enrollment) -> Enrollment:
    """Return the enrollment with its progress, course and user, as they are in this transaction. One query."""
    return Enrollment.objects.with_progress().with_next_lesson().select_related("course", "user").get(pk=enrollment.pk)


def _unfinished(course_id: uuid.UUID, enrollment_id: uuid.UUID) -> QuerySet[Lesson, uuid.UUID]:
    done = LessonProgress.objects.filter(lesson=OuterRef("pk"), enrollment=enrollment_id, completed_at__isnull=False)
    waiting = Lesson.objects.published().filter(~Exists(done), course=course_id)
    return waiting.order_by().values_list("pk", flat=True)[:1]


_UNFINISHED = Prepared(_unfinished)


def complete_if_done(*, actor: Any, enrollment: Enrollment) -> bool:
    """Complete the course if nothing is missing any more; return whether this call did.

    Call it with the enrollment's row locked. An enrollment that has ended or is completed stays as it is.
    """
    if not ENROLLMENT.check("complete_if_done", enrollment.state, raises=EnrollmentError):
        return False
    # Most grades come before the last lesson: the apps above need not be asked.
    if _UNFINISHED.row(enrollment.course_id, enrollment.pk) is not None:
        return False
    current = current_progress(enrollment)
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
    """Complete the enrollments of a published course that miss nothing since the course was changed; return how many.

    A repeat completes nothing more. Only students with every published lesson done are read one by one, each in a
    transaction of its own: the rest costs one query for each `CHUNK` of them. While a course is not published its
    author may be rewriting it, so nobody completes it then; publishing it again runs this.
    """
    if not Course.objects.published().filter(pk=course_id, lessons_count__gt=0).exists():
        return 0
    return sum(_complete_finished(enrollment_id) for enrollment_id in _finished_ids(course_id))


def _finished_ids(course_id: uuid.UUID) -> Iterator[uuid.UUID]:
    """Yield the ids of the active, uncompleted enrollments whose published lessons are all done, chunk by chunk."""
    done = LessonProgress.objects.filter(lesson=OuterRef("pk"), enrollment=OuterRef(OuterRef("pk")))
    waiting = Lesson.objects.published().filter(
        ~Exists(done.filter(Q(completed_at__isnull=False) | IS_WATCHED)), course=course_id
    )
    rows = Enrollment.objects.active().filter(~Exists(waiting), course=course_id, completed_at=None).order_by("pk")
    chunk = list(rows.values_list("pk", flat=True)[:CHUNK])
    while chunk:
        yield from chunk
        chunk = list(rows.filter(pk__gt=chunk[-1]).values_list("pk", flat=True)[:CHUNK])


@transaction.atomic
def _complete_finished(enrollment_id: uuid.UUID) -> bool:
    """Lock one enrollment, complete the videos that were watched far enough, and the course; return whether it was."""
    enrollment = Enrollment.objects.select_for_update(of=("self",)).get(pk=enrollment_id)
    if not ENROLLMENT.check("complete_if_done", enrollment.state, raises=EnrollmentError):
        return False
    watched = LessonProgress.objects.filter(IS_WATCHED, enrollment=enrollment, completed_at=None)
    watched.filter(lesson__is_published=True).update(completed_at=timezone.now())
    return complete_if_done(actor=None, enrollment=enrollment)


def lessons_to_do(enrollment: Enrollment) -> list[str]:
    """Return the titles of the published lessons that are not completed; one line for a course without any."""
    done = LessonProgress.objects.filter(enrollment=enrollment, completed_at__isnull=False).values("lesson_id")
    published = Lesson.objects.published().filter(course=enrollment.course_id)
    waiting = list(published.exclude(pk__in=done).order_by("order").values_list("title", flat=True))
    if not waiting and not published.exists():
        return [_("this course has no lessons yet")]
    return [_("the lesson “%s”") % title for title in waiting]


registry.requirements.append(lessons_to_do)
