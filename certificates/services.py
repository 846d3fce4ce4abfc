"""Operations on certificates: issue, revoke, reissue."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from certificates.designs import CertificateTemplate
from certificates.errors import CertificateError
from certificates.models import Certificate
from certificates.states import CERTIFICATE, CERTIFIED, CertificateState
from certificates.tasks import mail_revocation, render_certificate
from core.audit.entries import record
from enrollments.models import Enrollment


def generate(*, actor: Any, enrollment: Enrollment) -> tuple[Certificate, bool]:
    """Issue the certificate of a completed enrollment; return it, and whether this call made it.

    Of any number of parallel calls one creates it, because the enrollment is unique (quality row K01). A task renders
    the PDF. An existing certificate is returned in any state, also a revoked one. Raises CertificateError
    `not_completed`, or `not_enrolled` for an enrollment that has ended.
    """
    with transaction.atomic():
        locked = Enrollment.objects.select_for_update(of=("self",)).select_related("course__instructor", "user")
        enrollment = locked.get(pk=enrollment.pk)
        existing = Certificate.objects.filter(enrollment=enrollment).first()
        if existing is not None:
            return existing, False
        return _issue(actor, enrollment, _require_completed(enrollment)), True


def _require_completed(enrollment: Enrollment) -> datetime:
    """Return the completion time of a locked enrollment; raise CertificateError if no certificate may be issued."""
    CERTIFIED.check("issue", enrollment.state, raises=CertificateError)
    if enrollment.completed_at is None:
        raise ValueError("A completed enrollment has no time of completion.")
    return enrollment.completed_at


def _issue(
    actor: Any, enrollment: Enrollment, completed_at: datetime, replaces: Certificate | None = None
) -> Certificate:
    """Create the snapshot, and queue its rendering for after the commit."""
    course, user = enrollment.course, enrollment.user
    certificate = Certificate.objects.create(
        enrollment=enrollment,
        user=user,
        course=course,
        student_name=user.full_name,
        course_title=course.title,
        instructor_name=replaces.instructor_name if replaces else course.instructor.full_name,
        completed_at=completed_at,
        template=CertificateTemplate.objects.chosen_for(course),
        replaces=replaces,
    )
    record(
        actor=actor,
        action="certificates.reissued" if replaces else "certificates.issued",
        target=certificate,
        changes={
            "certificate_number": [replaces.certificate_number, certificate.certificate_number]
            if replaces
            else certificate.certificate_number
        },
    )
    render_certificate.delay_on_commit(str(certificate.pk))
    return certificate


@transaction.atomic
def revoke(*, actor: Any, certificate: Certificate, reason: str) -> Certificate:
    """Revoke a certificate, notify its holder with the reason, and return it. A repeat has no effect."""
    certificate = Certificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
    if CERTIFICATE.check("revoke", certificate.state, raises=CertificateError):
        _mark_revoked(actor, certificate, reason)
        mail_revocation.delay_on_commit(str(certificate.pk))
    return certificate


@transaction.atomic
def reissue(*, actor: User, certificate: Certificate, reason: str) -> Certificate:
    """Replace a certificate by one with the current names and a new number; return the new one.

    The old one is revoked with `reason`, unless it was revoked before. Its holder gets one mail, about the new one.
    Raises CertificateError `already_replaced`, or `not_enrolled` for a revoked certificate whose enrollment has ended.
    """
    # The enrollment is locked first, as everywhere: ending one locks it before its certificate.
    enrollments = Enrollment.objects.select_for_update(of=("self",)).select_related("course__instructor", "user")
    enrollment = enrollments.filter(certificate=certificate.pk).first()
    old = Certificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
    CERTIFICATE.check("reissue", old.state, raises=CertificateError)
    if enrollment is None:
        raise Enrollment.DoesNotExist
    if old.state == CertificateState.REVOKED:
        CERTIFIED.check("issue", enrollment.state, raises=CertificateError)
    else:
        _mark_revoked(actor, old, reason)
    old.enrollment = None
    old.save(update_fields=["enrollment"])
    return _issue(actor, enrollment, old.completed_at, replaces=old)


def _mark_revoked(actor: Any, certificate: Certificate, reason: str) -> None:
    """Set the revocation of a valid certificate and record it in the audit log."""
    certificate.revoked_at, certificate.revoked_reason = timezone.now(), reason
    certificate.save(update_fields=["revoked_at", "revoked_reason"])
    record(actor=actor, action="certificates.revoked", target=certificate, changes={"reason": reason})
