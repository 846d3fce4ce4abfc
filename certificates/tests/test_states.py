"""The tables of a certificate's states, whole; and certificates that are revoked before they are printed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from certificates import renderer, services, signature
from certificates.errors import CertificateError
from certificates.models import Certificate
from certificates.states import CERTIFICATE, CERTIFIED, CertificateState
from enrollments import services as enrollments
from enrollments.models import Enrollment
from enrollments.states import EnrollmentState
from realtime.models import Event, Notification
from tools.testing.plugin import complete_all_lessons
from tools.testing.transitions import assert_follows, every_case

pytestmark = pytest.mark.quality("V06")


@pytest.fixture
def pending(enrollment: Enrollment) -> Certificate:
    """Bob's certificate, not printed yet."""
    complete_all_lessons(enrollment)
    return Certificate.objects.get()


def revoke(certificate: Certificate) -> Certificate:
    return services.revoke(actor=None, certificate=certificate, reason="A mistake")


def reissue(certificate: Certificate) -> Certificate:
    return services.reissue(actor=certificate.course.instructor, certificate=certificate, reason="Another name")


OPERATIONS: dict[str, Callable[[Certificate], Any]] = {
    "print": lambda certificate: renderer.render_pdf(str(certificate.pk)),
    "mail": lambda certificate: renderer.send_certificate_email(str(certificate.pk)),
    "revoke": revoke,
    "reissue": reissue,
}


@pytest.mark.parametrize(("operation", "state"), every_case(CERTIFICATE))
def test_every_operation_on_every_state_of_a_certificate(
    pending: Certificate, operation: str, state: CertificateState
) -> None:
    """The service is given the certificate as it was read when it was issued."""
    if state == CertificateState.ISSUED:
        Certificate.objects.filter(pk=pending.pk).update(pdf="tea.pdf", pdf_sha256="0")
    if state in (CertificateState.REVOKED, CertificateState.REPLACED):
        revoke(pending)
    if state == CertificateState.REPLACED:
        reissue(pending)
    assert_follows(
        CERTIFICATE,
        operation,
        state,
        lambda: OPERATIONS[operation](pending),
        lambda: Certificate.objects.get(pk=pending.pk).state,
    )


@pytest.mark.parametrize(("operation", "state"), every_case(CERTIFIED))
def test_a_certificate_is_issued_for_completed_enrollments_alone(
    alice: User, bob: User, enrollment: Enrollment, operation: str, state: EnrollmentState
) -> None:
    if state != EnrollmentState.ACTIVE:
        Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=timezone.now())
    if state in (EnrollmentState.ENDED, EnrollmentState.BARRED):
        bar = state == EnrollmentState.BARRED
        enrollments.end_enrollment(actor=alice, enrollment=enrollment, reason="Refunded", bar=bar)
    assert_follows(
        CERTIFIED,
        operation,
        state,
        lambda: services.generate(actor=bob, enrollment=enrollment),
        lambda: Enrollment.objects.get(pk=enrollment.pk).state,
    )
    assert Certificate.objects.exists() == (state == EnrollmentState.COMPLETED)


def test_a_revoked_certificate_is_not_printed_and_its_holder_not_congratulated(bob: User, pending: Certificate) -> None:
    revoke(pending)
    assert not renderer.render_pdf(str(pending.pk))
    assert not renderer.send_certificate_email(str(pending.pk))
    pending.refresh_from_db()
    assert (pending.pdf.name, pending.mailed_at, mail.outbox) == ("", None, [])
    assert not Notification.objects.filter(event=Event.CERTIFICATE_ISSUED).exists()


def test_a_certificate_revoked_during_its_printing_is_not_kept(
    pending: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = signature.sign

    def revoked_meanwhile(content: bytes, **fields: Any) -> bytes:
        revoke(pending)
        signed: bytes = sign(content, **fields)
        return signed

    monkeypatch.setattr(signature, "sign", revoked_meanwhile)
    assert not renderer.render_pdf(str(pending.pk))
    assert Certificate.objects.get().pdf.name == ""


def test_a_revoked_certificate_is_not_issued_anew_for_an_ended_enrollment(
    alice: User, pending: Certificate, enrollment: Enrollment
) -> None:
    enrollments.end_enrollment(actor=alice, enrollment=enrollment, reason="Refunded")
    revoke(pending)
    with pytest.raises(CertificateError) as refused:
        reissue(pending)
    assert (refused.value.code, Certificate.objects.count()) == ("not_enrolled", 1)


def test_a_valid_certificate_is_issued_anew_for_an_ended_enrollment(
    alice: User, pending: Certificate, enrollment: Enrollment
) -> None:
    enrollments.end_enrollment(actor=alice, enrollment=enrollment, reason="Left")
    assert reissue(pending).is_valid
