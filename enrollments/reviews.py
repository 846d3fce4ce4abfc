"""Services for replies to reviews and for reports of reviews to staff."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.audit.entries import record
from core.text.characters import is_blank
from courses.public_cache import bump_catalog_version
from enrollments.errors import EnrollmentError
from enrollments.models import Review, ReviewReport
from enrollments.services import MODERATE_REVIEWS


@transaction.atomic
def reply_to_review(*, actor: User, review: Review, reply: str) -> Review:
    """Set the instructor's reply to a review; an empty `reply` deletes it. Return the review.

    Raises EnrollmentError `not_your_course` (403) if `actor` may not edit the course.
    """
    review = Review.objects.select_for_update(of=("self",)).select_related("course").get(pk=review.pk)
    if not review.course.is_editable_by(actor):
        detail = _("Only the course's instructor can reply to its reviews.")
        raise EnrollmentError("not_your_course", detail, status=403)
    review.reply = "" if is_blank(reply) else reply.strip()
    review.replied_at = timezone.now() if review.reply else None
    review.clean_fields(exclude=["course", "user"])
    review.save(update_fields=["reply", "replied_at", "updated_at"])
    bump_catalog_version()
    record(actor=actor, action="enrollments.review_answered", target=review)
    return review


@transaction.atomic
def report_review(*, actor: User, review: Review, reason: str) -> ReviewReport:
    """Report a review to staff; return the report. A repeat by the same user replaces the reason.

    Raises ValidationError if `reason` is blank.
    """
    if is_blank(reason):
        raise ValidationError({"reason": _("Enter a reason.")})
    report, _created = ReviewReport.objects.update_or_create(
        review=review, user=actor, defaults={"reason": reason.strip()[:1000], "settled_at": None}
    )
    record(actor=actor, action="enrollments.review_reported", target=review)
    return report


@transaction.atomic
def dismiss_report(*, actor: User, report: ReviewReport) -> None:
    """Dismiss a report; the review stays. A repeat has no effect.

    Raises EnrollmentError `not_a_moderator` (403) unless `actor` may change reports of reviews.
    """
    if not actor.has_perm(MODERATE_REVIEWS):
        raise EnrollmentError("not_a_moderator", _("You don't have permission to dismiss reports."), status=403)
    if ReviewReport.objects.filter(pk=report.pk, settled_at=None).update(settled_at=timezone.now()):
        record(actor=actor, action="enrollments.report_settled", target=report.review)
