"""Getting into courses, through them, and reviewing them."""

import uuid
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_verified_email
from courses.models import CompletionRule, Course, Lesson
from courses.stamp import catalogue_changed
from enrollments import registry
from enrollments.completion import append_event, complete_if_done, current_progress, mark_complete
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, EnrollmentEvent, LessonProgress, Review, Source
from enrollments.signals import learned
from enrollments.states import ENROLLMENT
from enrollments.tasks import mail_enrollment
from lms.platform.audit import record
from realtime import hints
from realtime.models import Event
from realtime.services import push

LONGEST_VIDEO_SECONDS = 24 * 3600


def enroll(
    *, actor: Any, user: User, course: Course, source: Source = Source.FREE, payment_id: uuid.UUID | None = None
) -> Enrollment:
    """Put `user` into a published course; return the enrolment, which keeps the progress of an earlier one.

    The instructor is told, the student gets a mail after the commit. Raises EnrollmentError `payment_required` (402)
    for a paid course that is neither paid for nor given, `already_enrolled` or `own_course` (409); of several at once,
    one gets in and the others are told that they are in (QUALITY E02).
    """
    if course.instructor_id == user.pk:
        raise EnrollmentError("own_course", _("You teach this course. Read it as its author."))
    if source == Source.FREE and not course.is_free:
        if not registry.has_paid(user, course, payment_id):
            raise EnrollmentError("payment_required", _("This course has to be paid for first."), status=402)
        source = Source.PAID
    try:
        with transaction.atomic():
            return _enter(actor, user, course, source, payment_id)
    except IntegrityError as error:
        raise EnrollmentError("already_enrolled", _("You are in this course already.")) from error


def _enter(actor: Any, user: User, course: Course, source: Source, payment_id: uuid.UUID | None) -> Enrollment:
    """Create the enrolment, or take an ended one up again; the unique constraint lets the first of many through."""
    enrollment = Enrollment.objects.select_for_update().filter(user=user, course=course).first()
    if enrollment is not None:
        ENROLLMENT.check("enroll", enrollment.state, raises=EnrollmentError)
    kind = EnrollmentEvent.Kind.RESUMED if enrollment else EnrollmentEvent.Kind.ENROLLED
    if enrollment is None:
        enrollment = Enrollment(user=user, course=course)
    enrollment.is_active, enrollment.source, enrollment.payment_id = True, source, payment_id
    enrollment.save(force_insert=enrollment._state.adding)
    append_event(enrollment, kind, actor, source)
    if kind == EnrollmentEvent.Kind.RESUMED:  # what was missing when it ended may have been withdrawn since
        complete_if_done(actor=actor, enrollment=enrollment)
    Course.objects.filter(pk=course.pk).update(enrollments_count=F("enrollments_count") + 1)
    catalogue_changed()
    record(actor=actor, action="enrollments.enrolled", target=enrollment, changes={"course": str(course.pk)})
    payload = {
        "course_id": str(course.pk),
        "enrollment_id": str(enrollment.pk),
        "title": course.title,
        "student_name": user.full_name,
    }
    push([course.instructor_id], Event.NEW_ENROLLMENT, payload)
    mail_enrollment.delay_on_commit(str(enrollment.pk))
    return enrollment


@transaction.atomic
def revoke(*, actor: Any, enrollment: Enrollment, reason: str) -> Enrollment:
    """End an enrolment: the course closes, the progress stays. A repeat changes nothing. Return the enrolment."""
    enrollment = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if ENROLLMENT.check("end", enrollment.state, raises=EnrollmentError):
        enrollment.is_active = False
        enrollment.save(update_fields=["is_active"])
        Course.objects.filter(pk=enrollment.course_id).update(enrollments_count=F("enrollments_count") - 1)
        catalogue_changed()
        append_event(enrollment, EnrollmentEvent.Kind.REVOKED, actor, reason)
        record(actor=actor, action="enrollments.revoked", target=enrollment, changes={"reason": reason})
        transaction.on_commit(partial(hints.rooms_changed, [enrollment.user_id]))
    return enrollment


@transaction.atomic
def complete_lesson(
    *,
    actor: User,
    enrollment: Enrollment,
    lesson_id: uuid.UUID,
    completed: bool = True,
    position_seconds: int | None = None,
) -> Enrollment:
    """Note what a student has done of a lesson; return the enrolment with its progress.

    `completed` False notes only where the video stopped; nothing takes a completion back. The enrolment's row is
    locked, so that of two last lessons finished at once the second one sees the first, and the course completes once
    (QUALITY E04). Raises EnrollmentError `not_enrolled` (409) for an ended enrolment, `unknown_lesson` (400) for a
    lesson that is not a published one of this course, `lesson_not_done` (409) while its own rule is not met.
    """
    enrollment = Enrollment.objects.select_for_update(of=("self",)).select_related("course").get(pk=enrollment.pk)
    ENROLLMENT.check("complete_lesson", enrollment.state, raises=EnrollmentError)
    lesson = Lesson.objects.published().filter(pk=lesson_id, course=enrollment.course).first()
    if lesson is None:
        raise EnrollmentError("unknown_lesson", _("This course has no such lesson."), status=400)
    newly_completed = _note_progress(enrollment, lesson, completed, position_seconds)
    current = current_progress(enrollment)
    if newly_completed:
        _after_lesson(actor, current, lesson)
    current.last_activity_at = timezone.now()
    current.save(update_fields=["last_activity_at"])
    learned.send(sender=Enrollment, user_id=current.user_id, course_id=current.course_id)
    return current


def _note_progress(enrollment: Enrollment, lesson: Lesson, completed: bool, position_seconds: int | None) -> bool:
    """Write the lesson's row; return whether this completed it.

    Enough of the video completes a lesson of that rule by itself. A lesson whose rule is not met is not completed.
    """
    progress, _created = LessonProgress.objects.get_or_create(enrollment=enrollment, lesson=lesson)
    if position_seconds is not None:
        progress.note_position(min(position_seconds, LONGEST_VIDEO_SECONDS))
    missing = _missing_for(enrollment, lesson, progress)
    if completed and progress.completed_at is None and missing:
        raise EnrollmentError("lesson_not_done", _("Still missing: %s.") % get_text_list(missing, _("and")))
    watched_it = lesson.completion_rule == CompletionRule.VIDEO and not missing
    newly_completed = (completed or watched_it) and progress.completed_at is None
    if newly_completed:
        progress.completed_at = timezone.now()
    progress.save()
    return newly_completed


def _missing_for(enrollment: Enrollment, lesson: Lesson, progress: LessonProgress) -> list[str]:
    """Return, in words, what the lesson's own rule still asks for."""
    if lesson.completion_rule == CompletionRule.WORK:
        return registry.missing_for_lesson(enrollment, lesson)
    if progress.watched_seconds < lesson.seconds_to_watch:
        return [_("watch at least %d%% of the video") % lesson.video_share]
    return []


def _after_lesson(actor: User, enrollment: Enrollment, lesson: Lesson) -> None:
    """Complete the course if nothing is missing, and tell the student's other devices."""
    if enrollment.completed_at is None and not registry.missing_for_completion(enrollment):
        mark_complete(actor, enrollment)
    payload = {
        "lesson_id": str(lesson.pk),
        "course_id": str(enrollment.course_id),
        "enrollment_id": str(enrollment.pk),
        "title": lesson.title,
        "progress": enrollment.progress_percentage,
        "lessons_done": enrollment.lessons_done,
    }
    push([enrollment.user_id], Event.LESSON_COMPLETED, payload)


@transaction.atomic
def complete_course(*, actor: User, enrollment: Enrollment) -> Enrollment:
    """Complete a course; return the enrolment with its progress. A repeat changes nothing.

    Raises EnrollmentError `not_enrolled` (409) for an ended enrollment, `requirements_not_met` with what is missing.
    """
    enrollment = Enrollment.objects.select_for_update(of=("self",)).select_related("course").get(pk=enrollment.pk)
    has_to_complete = ENROLLMENT.check("complete", enrollment.state, raises=EnrollmentError)
    current = current_progress(enrollment)
    if has_to_complete:
        missing = registry.missing_for_completion(current)
        if missing:
            named = get_text_list(
                missing[:5] + ([_("%d more") % (len(missing) - 5)] if len(missing) > 5 else []), _("and")
            )
            raise EnrollmentError("requirements_not_met", _("Still missing: %s.") % named)
        mark_complete(actor, current)
    return current


def write_review(*, actor: User, course: Course, rating: int, comment: str) -> Review:
    """Review a course; return the review.

    Raises EnrollmentError `not_enrolled` (403 for a stranger, 409 for an ended enrollment) or `already_reviewed` (409);
    AccountError `email_not_verified` (403) where the site wants addresses confirmed.
    """
    require_verified_email(actor)
    try:
        with transaction.atomic():
            _require_reviewer(actor, course)
            review = Review.objects.create(course=course, user=actor, rating=rating, comment=comment)
            _count_stars(course, stars=rating, reviews=1)
            record(actor=actor, action="enrollments.reviewed", target=review, changes={"rating": rating})
    except IntegrityError as error:
        raise EnrollmentError("already_reviewed", _("You have reviewed this course. Change that review.")) from error
    return review


def _require_reviewer(actor: User, course: Course) -> None:
    """Lock the actor's enrollment; raise EnrollmentError `not_enrolled` where there is none, or it has ended."""
    enrollment = Enrollment.objects.select_for_update(of=("self",)).filter(user=actor, course=course).first()
    if enrollment is None:
        raise EnrollmentError("not_enrolled", _("Only students of a course review it."), status=403)
    ENROLLMENT.check("review", enrollment.state, raises=EnrollmentError)


@transaction.atomic
def change_review(*, actor: User, review: Review, rating: int, comment: str) -> Review:
    """Change a review; return it. Raises EnrollmentError `not_enrolled` as `write_review`; deleting stays possible."""
    _require_reviewer(actor, review.course)
    review = Review.objects.select_for_update(of=("self",)).select_related("course").get(pk=review.pk)
    before = review.rating
    review.rating, review.comment = rating, comment
    review.save()
    _count_stars(review.course, stars=rating - before, reviews=0)
    record(actor=actor, action="enrollments.review_changed", target=review, changes={"rating": [before, rating]})
    return review


@transaction.atomic
def delete_review(*, actor: User, review: Review) -> None:
    """Delete a review. A repeat changes nothing."""
    locked = Review.objects.select_for_update(of=("self",)).select_related("course").filter(pk=review.pk).first()
    if locked is not None:
        record(actor=actor, action="enrollments.review_deleted", target=locked, changes={"rating": locked.rating})
        _count_stars(locked.course, stars=-locked.rating, reviews=-1)
        locked.delete()


def _count_stars(course: Course, *, stars: int, reviews: int) -> None:
    """Keep the course's mean exact under parallel reviews: the database adds, nobody reads first."""
    catalogue_changed()
    Course.objects.filter(pk=course.pk).update(
        ratings_sum=F("ratings_sum") + stars, ratings_count=F("ratings_count") + reviews
    )
