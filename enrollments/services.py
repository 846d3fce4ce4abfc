"""Services to enroll, to record progress, to complete a course and to review it."""

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
from core.access.impersonation import is_impersonating
from core.audit.entries import record
from core.http.errors import DomainError
from courses.models import CompletionRule, Course, Lesson
from courses.public_cache import bump_catalog_version
from enrollments import registry
from enrollments.completion import append_event, complete_if_done, get_with_progress, mark_complete
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, EnrollmentEvent, LessonProgress, Review, Source
from enrollments.signals import learned
from enrollments.states import ENROLLMENT, EnrollmentState
from enrollments.tasks import mail_enrollment
from realtime import broadcast
from realtime.models import Event
from realtime.services import push

MAX_VIDEO_SECONDS = 24 * 3600
# The permission to remove and to readmit students of any course.
MANAGE_ENROLLMENTS = "enrollments.change_enrollment"
# The permission to act on reported reviews (the staff group Content).
MODERATE_REVIEWS = "enrollments.change_reviewreport"


def enroll(
    *, actor: Any, user: User, course: Course, source: Source = Source.FREE, payment_id: uuid.UUID | None = None
) -> Enrollment:
    """Enroll `user` in a published course; return the enrollment. An ended enrollment is resumed with its progress.

    Notifies the instructor, and sends the student an email after the commit. Raises EnrollmentError `payment_required`
    (402) if the course is paid, `source` is FREE and no payment is found, `barred` (403) for a student who was removed,
    `already_enrolled` or `own_course` (409). Of concurrent calls one succeeds and the others raise `already_enrolled`
    (quality row E02).
    """
    if course.instructor_id == user.pk:
        raise EnrollmentError("own_course", _("You teach this course. Use its preview instead."))
    if source == Source.FREE and not course.is_free:
        require_not_barred(user, course, raises=EnrollmentError)
        if not registry.has_paid(user, course, payment_id):
            raise EnrollmentError("payment_required", _("This course requires payment. Buy it to enroll."), status=402)
        source = Source.PAID
    try:
        with transaction.atomic():
            return _create_or_resume(actor, user, course, source, payment_id)
    except IntegrityError as error:
        raise EnrollmentError("already_enrolled", _("You are already enrolled in this course.")) from error


def enroll_once(*, actor: User, user: User, course: Course, source: Source) -> tuple[Enrollment, bool]:
    """Enroll `user`, or return the enrollment that a concurrent call created; and whether this call enrolled."""
    try:
        return enroll(actor=actor, user=user, course=course, source=source), True
    except EnrollmentError as error:
        if error.code != "already_enrolled":
            raise
    return Enrollment.objects.active().get(user=user, course=course), False


def _create_or_resume(
    actor: Any, user: User, course: Course, source: Source, payment_id: uuid.UUID | None
) -> Enrollment:
    """Create the enrollment, or resume an ended one; raise IntegrityError if a concurrent call created it."""
    enrollment = Enrollment.objects.select_for_update().filter(user=user, course=course).first()
    if enrollment is not None:
        ENROLLMENT.check("enroll", enrollment.state, raises=EnrollmentError)
    kind = EnrollmentEvent.Kind.RESUMED if enrollment else EnrollmentEvent.Kind.ENROLLED
    if enrollment is None:
        enrollment = Enrollment(user=user, course=course)
    enrollment.is_active, enrollment.source, enrollment.payment_id = True, source, payment_id
    enrollment.save(force_insert=enrollment._state.adding)
    append_event(enrollment, kind, actor, source)
    if kind == EnrollmentEvent.Kind.RESUMED:  # requirements that were missing may have been removed since
        complete_if_done(actor=actor, enrollment=enrollment)
    update_student_count(course.pk, 1)
    unpaid = not course.is_free and source != Source.PAID
    changes = {"course": str(course.pk), "source": str(source), **({"without_payment": True} if unpaid else {})}
    subject = user if actor != user else None
    record(actor=actor, action="enrollments.enrolled", target=enrollment, subject=subject, changes=changes)
    if course.instructor.teaches and course.instructor != actor:
        push([course.instructor_id], Event.NEW_ENROLLMENT, _payload(enrollment, student_name=user.full_name))
    mail_enrollment.delay_on_commit(str(enrollment.pk))
    return enrollment


def require_not_barred(user: User, course: Course, *, raises: type[DomainError]) -> None:
    """Raise `barred` (403) if `user` was removed from the course. One query, without a lock."""
    if Enrollment.objects.barred().filter(user=user, course=course).exists():
        ENROLLMENT.check("enroll", EnrollmentState.BARRED, raises=raises)


@transaction.atomic
def end_enrollment(*, actor: Any, enrollment: Enrollment, reason: str, bar: bool = False) -> Enrollment:
    """End an enrollment; return it. The student loses access and keeps the progress. A repeat has no effect.

    With `bar`, the student cannot enroll again until `readmit_student()`, and an enrollment that ended before is
    barred. The student is notified, unless they end the enrollment themselves.
    """
    enrollment = _lock(enrollment)
    if ENROLLMENT.check("bar" if bar else "end", enrollment.state, raises=EnrollmentError):
        was_active = enrollment.is_active
        enrollment.is_active, enrollment.is_barred = False, bar
        enrollment.save(update_fields=["is_active", "is_barred"])
        if was_active:
            update_student_count(enrollment.course_id, -1)
        append_event(enrollment, EnrollmentEvent.Kind.BARRED if bar else EnrollmentEvent.Kind.REVOKED, actor, reason)
        action = "enrollments.barred" if bar else "enrollments.revoked"
        record(actor=actor, action=action, target=enrollment, subject=enrollment.user, changes={"reason": reason})
        if actor != enrollment.user:
            push([enrollment.user_id], Event.ENROLLMENT_ENDED, _payload(enrollment, reason=reason, barred=bar))
        transaction.on_commit(partial(broadcast.send_access_change, [enrollment.user_id]))
    return enrollment


def remove_student(*, actor: User, enrollment: Enrollment, reason: str, bar: bool = True) -> Enrollment:
    """End another user's enrollment as the instructor of the course or as staff; return it.

    Raises EnrollmentError `not_your_course` (403) for anybody else.
    """
    _require_manager(actor, enrollment)
    return end_enrollment(actor=actor, enrollment=enrollment, reason=reason, bar=bar)


@transaction.atomic
def readmit_student(*, actor: User, enrollment: Enrollment, reason: str = "") -> Enrollment:
    """Readmit a student who was removed, with their progress; return the enrollment. The student is notified.

    A repeat has no effect. Raises EnrollmentError `not_your_course` (403) unless `actor` is the instructor of the
    course or staff, `not_barred` (409) for an enrollment that ended without a removal.
    """
    _require_manager(actor, enrollment)
    enrollment = _lock(enrollment)
    if ENROLLMENT.check("readmit", enrollment.state, raises=EnrollmentError):
        enrollment.is_active, enrollment.is_barred = True, False
        enrollment.save(update_fields=["is_active", "is_barred"])
        update_student_count(enrollment.course_id, 1)
        append_event(enrollment, EnrollmentEvent.Kind.READMITTED, actor, reason)
        complete_if_done(actor=actor, enrollment=enrollment)
        changes = {"reason": reason}
        record(
            actor=actor, action="enrollments.readmitted", target=enrollment, subject=enrollment.user, changes=changes
        )
        push([enrollment.user_id], Event.ENROLLMENT_RESTORED, _payload(enrollment))
        transaction.on_commit(partial(broadcast.send_access_change, [enrollment.user_id]))
    return enrollment


def can_manage_students(actor: User, course: Course) -> bool:
    """Return whether `actor` may add, remove and readmit students of a course."""
    return course.is_editable_by(actor) or actor.has_perm(MANAGE_ENROLLMENTS)


def _require_manager(actor: User, enrollment: Enrollment) -> None:
    if not can_manage_students(actor, enrollment.course):
        raise EnrollmentError(
            "not_your_course", _("Only the instructor of the course can remove and readmit students."), status=403
        )


def _lock(enrollment: Enrollment) -> Enrollment:
    rows = Enrollment.objects.select_for_update(of=("self",)).select_related("course", "user")
    return rows.get(pk=enrollment.pk)


def update_student_count(course_id: uuid.UUID, change: int) -> None:
    """Add `change` to the number of students of a course, which public pages show."""
    Course.objects.filter(pk=course_id).update(enrollments_count=F("enrollments_count") + change)
    bump_catalog_version()


def _payload(enrollment: Enrollment, **more: Any) -> dict[str, Any]:
    """Return the payload of a notification about an enrollment."""
    course = enrollment.course
    return {"course_id": str(course.pk), "enrollment_id": str(enrollment.pk), "title": course.title, **more}


@transaction.atomic
def complete_lesson(
    *,
    actor: User,
    enrollment: Enrollment,
    lesson_id: uuid.UUID,
    completed: bool = True,
    position_seconds: int | None = None,
) -> Enrollment:
    """Record progress in a lesson; return the enrollment with its progress.

    With `completed` False, only the position in the video is stored; a completed lesson stays completed. While the
    user is impersonated, lessons are completed, but neither the position nor the last activity is stored. The
    enrollment is locked, so that of two last lessons completed at once the second transaction sees the first, and the
    course completes once (quality row E04). Raises EnrollmentError `not_enrolled` (409) for an ended enrollment,
    `unknown_lesson` (400) if the lesson is not a published lesson of the course, `lesson_not_done` (409) while the
    lesson's completion rule is not met.
    """
    enrollment = Enrollment.objects.select_for_update(of=("self",)).select_related("course").get(pk=enrollment.pk)
    ENROLLMENT.check("complete_lesson", enrollment.state, raises=EnrollmentError)
    lesson = Lesson.objects.published().filter(pk=lesson_id, course=enrollment.course).first()
    if lesson is None:
        raise EnrollmentError("unknown_lesson", _("The course has no published lesson with this id."), status=400)
    if is_impersonating():
        position_seconds = None
        if not completed:
            return get_with_progress(enrollment)
    newly_completed = _save_lesson_progress(enrollment, lesson, completed, position_seconds)
    current = get_with_progress(enrollment)
    if newly_completed:
        _finish_lesson(actor, current, lesson)
    if is_impersonating():
        return current
    current.last_activity_at = timezone.now()
    current.save(update_fields=["last_activity_at"])
    learned.send(sender=Enrollment, user_id=current.user_id, course_id=current.course_id)
    return current


def _save_lesson_progress(
    enrollment: Enrollment, lesson: Lesson, completed: bool, position_seconds: int | None
) -> bool:
    """Save the progress in the lesson; return whether this call completed it.

    A lesson with the VIDEO rule is completed as soon as enough of the video was watched.
    """
    progress, _created = LessonProgress.objects.get_or_create(enrollment=enrollment, lesson=lesson)
    if position_seconds is not None:
        progress.update_position(min(position_seconds, MAX_VIDEO_SECONDS))
    missing = _list_missing(enrollment, lesson, progress)
    if completed and progress.completed_at is None and missing:
        raise EnrollmentError("lesson_not_done", _("Still missing: %s.") % get_text_list(missing, _("and")))
    is_watched = lesson.completion_rule == CompletionRule.VIDEO and not missing
    newly_completed = (completed or is_watched) and progress.completed_at is None
    if newly_completed:
        progress.completed_at = timezone.now()
    progress.save()
    return newly_completed


def _list_missing(enrollment: Enrollment, lesson: Lesson, progress: LessonProgress) -> list[str]:
    """Return texts that describe the unmet requirements of the lesson's completion rule."""
    if lesson.completion_rule == CompletionRule.WORK:
        return registry.missing_for_lesson(enrollment, lesson)
    if progress.watched_seconds < lesson.seconds_to_watch:
        return [_("watch at least %d%% of the video") % lesson.video_share]
    return []


def _finish_lesson(actor: User, enrollment: Enrollment, lesson: Lesson) -> None:
    """Complete the course if all requirements are met, and push the progress to the student's devices."""
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
    """Complete a course; return the enrollment with its progress. A repeat has no effect.

    Raises EnrollmentError `not_enrolled` (409) for an ended enrollment, `requirements_not_met` (409) with the missing
    requirements in `detail`.
    """
    enrollment = Enrollment.objects.select_for_update(of=("self",)).select_related("course").get(pk=enrollment.pk)
    has_to_complete = ENROLLMENT.check("complete", enrollment.state, raises=EnrollmentError)
    current = get_with_progress(enrollment)
    if has_to_complete:
        missing = registry.missing_for_completion(current)
        if missing:
            more = [_("%d more") % (len(missing) - 5)] if len(missing) > 5 else []
            listed = get_text_list(missing[:5] + more, _("and"))
            raise EnrollmentError("requirements_not_met", _("Still missing: %s.") % listed)
        mark_complete(actor, current)
    return current


def write_review(*, actor: User, course: Course, rating: int, comment: str) -> Review:
    """Review a course; return the review.

    Raises EnrollmentError `not_enrolled` (403 without an enrollment, 409 for an ended one) or `already_reviewed` (409),
    and AccountError `email_not_verified` (403) if the site requires verified addresses.
    """
    require_verified_email(actor)
    try:
        with transaction.atomic():
            _require_reviewer(actor, course)
            review = Review.objects.create(course=course, user=actor, rating=rating, comment=comment)
            _update_rating(course, stars=rating, reviews=1)
            record(actor=actor, action="enrollments.reviewed", target=review, changes={"rating": rating})
    except IntegrityError as error:
        detail = _("You have already reviewed this course. Edit your review instead.")
        raise EnrollmentError("already_reviewed", detail) from error
    return review


def _require_reviewer(actor: User, course: Course) -> None:
    """Lock the actor's enrollment; raise EnrollmentError `not_enrolled` if there is none or it has ended."""
    enrollment = Enrollment.objects.select_for_update(of=("self",)).filter(user=actor, course=course).first()
    if enrollment is None:
        raise EnrollmentError("not_enrolled", _("Only students of this course can review it."), status=403)
    ENROLLMENT.check("review", enrollment.state, raises=EnrollmentError)


@transaction.atomic
def change_review(*, actor: User, review: Review, rating: int, comment: str) -> Review:
    """Edit a review; return it.

    Raises EnrollmentError `not_enrolled` as `write_review()` does, `not_your_review` (403) for another user's review.
    """
    _require_reviewer(actor, review.course)
    review = Review.objects.select_for_update(of=("self",)).select_related("course").get(pk=review.pk)
    if review.user_id != actor.pk:
        raise EnrollmentError("not_your_review", _("You can only change your own review."), status=403)
    before = review.rating
    review.rating, review.comment = rating, comment
    review.save()
    _update_rating(review.course, stars=rating - before, reviews=0)
    record(actor=actor, action="enrollments.review_changed", target=review, changes={"rating": [before, rating]})
    return review


@transaction.atomic
def delete_review(*, actor: User, review: Review) -> None:
    """Delete a review, also after the enrollment has ended. A repeat has no effect.

    Raises EnrollmentError `not_your_review` (403) unless `actor` is the author or may change reports of reviews.
    """
    locked = Review.objects.select_for_update(of=("self",)).select_related("course").filter(pk=review.pk).first()
    if locked is not None:
        if locked.user_id != actor.pk and not actor.has_perm(MODERATE_REVIEWS):
            raise EnrollmentError("not_your_review", _("You can only delete your own review."), status=403)
        record(actor=actor, action="enrollments.review_deleted", target=locked, changes={"rating": locked.rating})
        _update_rating(locked.course, stars=-locked.rating, reviews=-1)
        locked.delete()


def _update_rating(course: Course, *, stars: int, reviews: int) -> None:
    """Add to the course's rating counters in the database, which keeps them exact under concurrent reviews."""
    bump_catalog_version()
    Course.objects.filter(pk=course.pk).update(
        ratings_sum=F("ratings_sum") + stars, ratings_count=F("ratings_count") + reviews
    )
