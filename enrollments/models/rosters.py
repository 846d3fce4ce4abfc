"""Join links, and imports of students."""

import secrets
import uuid
from datetime import timedelta
from typing import Any, Self

import segno
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from courses.models import Course, taught_by
from enrollments.models.enrollments import Enrollment, Invitation

KEY_BYTES = 16  # 128 random bits
UNDO_PERIOD = timedelta(hours=24)


def new_key() -> str:
    """Return a random key of 22 characters for a join link."""
    return secrets.token_urlsafe(KEY_BYTES)


class OfCourseQuerySet(models.QuerySet[Any]):
    """Rows that belong to a course, for the editors of the course."""

    def visible_to(self, user: Any) -> Self:
        """Return the rows of the courses that `user` teaches; all for administrators."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(taught_by(user, "course"))

    def editable_by(self, user: Any) -> Self:
        """Return the same rows as `visible_to()`."""
        return self.visible_to(user)


class JoinLinkQuerySet(OfCourseQuerySet):
    """QuerySet of join links."""

    def unrevoked(self) -> Self:
        """Return the links that were not revoked, including expired and used up ones."""
        return self.filter(revoked_at=None)


class JoinLink(models.Model):
    """A link with which any user can enroll in a course, without payment.

    It works until it expires, is used up or is revoked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="join_links")
    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(_("expires on"), null=True, blank=True)
    max_uses = models.PositiveIntegerField(
        _("maximum number of students"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    uses = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = JoinLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("join link")
        constraints = [
            models.CheckConstraint(
                condition=Q(max_uses=None) | Q(uses__lte=F("max_uses")), name="enrollments_joinlink_uses"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course_id} {self.uses}"

    @property
    def url(self) -> str:
        """Absolute URL of the page of the link."""
        return settings.SITE_URL + reverse("enrollments:join", args=[self.key])

    @property
    def qr_data(self) -> str:
        """QR code of the URL as a data URL."""
        return segno.make(self.url, error="m").svg_data_uri(scale=5, border=2)

    @property
    def is_expired(self) -> bool:
        """Whether the link has expired."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_used_up(self) -> bool:
        """Whether the maximum number of students has joined."""
        return self.max_uses is not None and self.uses >= self.max_uses


class RosterImport(models.Model):
    """An import of students into a course, which can be undone for 24 hours."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="roster_imports")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)
    enrolled_count = models.PositiveIntegerField(_("enrolled"), default=0)
    invited_count = models.PositiveIntegerField(_("invited"), default=0)

    objects = OfCourseQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("import of students")
        verbose_name_plural = _("imports of students")

    def __str__(self) -> str:
        return f"{self.course_id} {self.created_at}"

    @property
    def can_be_undone(self) -> bool:
        """Whether the import was not undone yet and is less than 24 hours old."""
        return self.undone_at is None and timezone.now() < self.created_at + UNDO_PERIOD


class RosterImportEntry(models.Model):
    """An enrollment or invitation that an import created or resumed."""

    roster_import = models.ForeignKey(RosterImport, models.CASCADE, related_name="entries")
    enrollment = models.ForeignKey(Enrollment, models.CASCADE, null=True, related_name="+")
    invitation = models.ForeignKey(Invitation, models.CASCADE, null=True, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(enrollment=None, invitation__isnull=False) | Q(enrollment__isnull=False, invitation=None),
                name="enrollments_rosterimportentry_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.roster_import_id} {self.enrollment_id or self.invitation_id}"
