"""What follows a review: the instructor's answer, and the reports to staff."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Course
from courses.stamp import catalogue_changed
from enrollments.errors import EnrollmentError
from enrollments.models import Review, ReviewReport
from lms.platform.audit import record


@transaction.atomic
def reply_to_review(*, actor: User, review: Review, reply: str) -> Review:
    """Answer a review under the name of the course's instructor, or take the answer back with an empty one; return it.

    Raises EnrollmentError `not_your_course` (403) for anybody who may not edit the course.
    """
    review = Review.objects.select_for_update(of=("self",)).select_related("course").get(pk=review.pk)
    if not Course.objects.filter(pk=review.course_id).editable_by(actor).exists():
        raise EnrollmentError("not_your_course", _("Only the course's instructor answers its reviews."), status=403)
    review.reply = reply.strip()
    review.replied_at = timezone.now() if review.reply else None
    review.clean_fields(exclude=["course", "user"])
    review.save(update_fields=["reply", "replied_at", "updated_at"])
    catalogue_changed()
    record(actor=actor, action="enrollments.review_answered", target=review)
    return review


@transaction.atomic
def report_review(*, actor: User, review: Review, reason: str) -> ReviewReport:
    """Ask staff to look at a review; return the report. A repeat by the same person replaces the reason."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say in a sentence what is wrong with it.")})
    report, _made = ReviewReport.objects.update_or_create(
        review=review, user=actor, defaults={"reason": reason.strip()[:1000], "settled_at": None}
    )
    record(actor=actor, action="enrollments.review_reported", target=review)
    return report


@transaction.atomic
def settle_report(*, actor: User, report: ReviewReport) -> None:
    """Note that staff looked and found nothing wrong. A repeat changes nothing."""
    if ReviewReport.objects.filter(pk=report.pk, settled_at=None).update(settled_at=timezone.now()):
        record(actor=actor, action="enrollments.report_settled", target=report.review)
