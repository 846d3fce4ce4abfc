"""Issuing certificates, and taking them back."""

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
from enrollments.models import Enrollment
from lms.platform.audit import record


def generate(*, actor: Any, enrollment: Enrollment) -> tuple[Certificate, bool]:
    """Issue the certificate of a completed enrolment; return it, and whether this call made it.

    However many ask at once, there is one: the unique enrolment decides (QUALITY K01). The PDF is printed by a task.
    An existing one is returned whatever its state: a revoked one is not issued again here. Raises CertificateError
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
    """Return when a locked enrollment was completed; raise CertificateError unless it allows a certificate."""
    CERTIFIED.check("issue", enrollment.state, raises=CertificateError)
    if enrollment.completed_at is None:
        raise ValueError("A completed enrollment has no time of completion.")
    return enrollment.completed_at


def _issue(
    actor: Any, enrollment: Enrollment, completed_at: datetime, replaces: Certificate | None = None
) -> Certificate:
    """Write the snapshot, and queue its printing after the commit."""
    course, user = enrollment.course, enrollment.user
    certificate = Certificate.objects.create(
        enrollment=enrollment,
        user=user,
        course=course,
        student_name=user.full_name,
        course_title=course.title,
        instructor_name=course.instructor.full_name,
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
    """Take a certificate back, with a reason that its verification page shows, and write to its holder; return it.

    A repeat changes nothing.
    """
    certificate = Certificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
    if CERTIFICATE.check("revoke", certificate.state, raises=CertificateError):
        _take_back(actor, certificate, reason)
        mail_revocation.delay_on_commit(str(certificate.pk))
    return certificate


@transaction.atomic
def reissue(*, actor: User, certificate: Certificate, reason: str) -> Certificate:
    """Issue a certificate anew, with the names as they are now and a number of its own; return the new one.

    The old one is revoked, for this reason unless it was before, and its holder gets one mail, about the new one.
    Raises CertificateError `already_replaced` for one that was issued anew before, `not_enrolled` for one that was
    revoked and whose enrollment has ended.
    """
    # The enrollment first, as everywhere: ending one locks it, then its certificate.
    enrollments = Enrollment.objects.select_for_update(of=("self",)).select_related("course__instructor", "user")
    enrollment = enrollments.filter(certificate=certificate.pk).first()
    old = Certificate.objects.select_for_update(of=("self",)).get(pk=certificate.pk)
    CERTIFICATE.check("reissue", old.state, raises=CertificateError)
    if enrollment is None:
        raise Enrollment.DoesNotExist
    if old.state == CertificateState.REVOKED:
        CERTIFIED.check("issue", enrollment.state, raises=CertificateError)
    else:
        _take_back(actor, old, reason)
    old.enrollment = None
    old.save(update_fields=["enrollment"])
    return _issue(actor, enrollment, old.completed_at, replaces=old)


def _take_back(actor: Any, certificate: Certificate, reason: str) -> None:
    """Revoke a certificate that stands, and say so in the audit log."""
    certificate.revoked_at, certificate.revoked_reason = timezone.now(), reason
    certificate.save(update_fields=["revoked_at", "revoked_reason"])
    record(actor=actor, action="certificates.revoked", target=certificate, changes={"reason": reason})
