"""Certificates: a snapshot of a completed course, and its PDF."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from certificates.designs import CertificateTemplate
from certificates.numbers import new_number
from certificates.states import CertificateState
from courses.models import Course
from enrollments.models import Enrollment


class Status(models.TextChoices):
    """Status of a certificate."""

    PENDING = "pending", _("Generating")
    ISSUED = "issued", _("Issued")
    REVOKED = "revoked", _("Revoked")


class CertificateQuerySet(models.QuerySet["Certificate"]):
    """Access to certificates."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own certificates; all of them for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return all certificates for admins, none for other users."""
        return self if has_role(user, Role.ADMIN) else self.none()

    def of_course(self, course: Course) -> Self:
        """Return the certificates of a course with their holders, including replaced ones."""
        return self.filter(course=course).select_related("user")

    def unfinished(self) -> Self:
        """Return valid certificates that lack a PDF or the email to the holder, oldest first."""
        return self.filter(Q(pdf="") | Q(mailed_at=None), revoked_at=None).order_by("issued_at")


class Certificate(models.Model):
    """Certificate of one enrollment.

    Names, title and dates are a snapshot that later changes do not affect (quality row K05). A reissued certificate is
    revoked and hands its enrollment over to the one that replaces it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    enrollment = models.OneToOneField(Enrollment, models.PROTECT, null=True, blank=True, related_name="certificate")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="certificates")
    course = models.ForeignKey(Course, models.PROTECT, related_name="certificates")
    certificate_number = models.CharField(_("number"), max_length=30, unique=True, default=new_number, editable=False)
    student_name = models.CharField(max_length=120)
    course_title = models.CharField(max_length=120)
    instructor_name = models.CharField(max_length=120)
    completed_at = models.DateTimeField()
    issued_at = models.DateTimeField(default=timezone.now)
    template = models.ForeignKey(CertificateTemplate, models.SET_NULL, null=True, blank=True, related_name="+")
    pdf = models.FileField(upload_to="certificates", blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=300, blank=True)
    revocation_mailed_at = models.DateTimeField(null=True, blank=True)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")

    objects = CertificateQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "id"]
        verbose_name = _("certificate")
        permissions = [("decide_certificate", _("Can revoke and reissue certificates"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at=None) | ~Q(revoked_reason=""), name="certificates_certificate_revoked_why"
            ),
            models.CheckConstraint(
                condition=Q(enrollment__isnull=False) | Q(revoked_at__isnull=False),
                name="certificates_certificate_replaced_is_revoked",
            ),
            models.CheckConstraint(
                condition=Q(pdf="") | ~Q(pdf_sha256=""), name="certificates_certificate_pdf_has_digest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certificate_number} {self.student_name}"

    @property
    def status(self) -> Status:
        """Pending until the PDF exists, then issued; revoked certificates are always revoked."""
        if self.revoked_at is not None:
            return Status.REVOKED
        return Status.ISSUED if self.pdf else Status.PENDING

    @property
    def state(self) -> CertificateState:
        """The state of the certificate (certificates/states.py)."""
        if self.enrollment_id is None:
            return CertificateState.REPLACED
        if self.revoked_at is not None:
            return CertificateState.REVOKED
        return CertificateState.ISSUED if self.pdf else CertificateState.PENDING

    @property
    def is_valid(self) -> bool:
        """Whether the certificate has not been revoked."""
        return self.revoked_at is None

    @property
    def verify_url(self) -> str:
        """URL of the public verification page, which the QR code contains."""
        path = reverse("certificates:verify", args=[self.certificate_number])
        return f"{settings.SITE_URL}{path}"
