"""Certificate templates: a default for the site, and others for single courses."""

import re
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, Q, When
from django.utils.translation import gettext_lazy as _
from PIL import Image, UnidentifiedImageError

from accounts.models import Role, has_role
from courses.models import Course

ACCENT = "#0e6450"
MAX_SIGNATURE_BYTES = 300_000  # bytes
MAX_SIGNATURE_PIXELS = 2_000  # pixels, either way
SIGNATURE_FORMATS = ("PNG", "JPEG")


class PageSize(models.TextChoices):
    """Paper size, in landscape."""

    A4 = "a4", _("A4")
    LETTER = "letter", _("Letter")


def check_signature(file: Any) -> None:
    """Raise ValidationError unless the file is a small PNG or JPEG. Reads the header only, never the pixels."""
    if file.size > MAX_SIGNATURE_BYTES:
        raise ValidationError(_("The image must not exceed 300 kB."), code="too_large")
    try:
        file.seek(0)
        with Image.open(file, formats=SIGNATURE_FORMATS) as picture:
            size = max(picture.size)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ValidationError(_("Upload a PNG or JPEG image."), code="not_a_picture") from error
    finally:
        file.seek(0)
    if size > MAX_SIGNATURE_PIXELS:
        raise ValidationError(_("The image must not exceed 2000 pixels in width or height."), code="too_wide")


class CertificateTemplateQuerySet(models.QuerySet["CertificateTemplate"]):
    """Access to templates, and selection of a course's template."""

    def visible_to(self, user: Any) -> Self:
        """Return all templates for admins, none for other users."""
        return self if has_role(user, Role.ADMIN) else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return all templates for admins, none for other users."""
        return self.visible_to(user)

    def chosen_for(self, course: Course) -> "CertificateTemplate | None":
        """Return the template of the course, else the default, else None. One query."""
        own = Case(When(pk__in=CourseTemplate.objects.filter(course=course).values("template"), then=1), default=0)
        candidates = self.annotate(is_own=own).filter(Q(is_own=1) | Q(is_default=True))
        return candidates.order_by("-is_own").first()


class CertificateTemplate(models.Model):
    """Design of a certificate: paper size, texts, color and signature image."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    page_size = models.CharField(_("paper"), max_length=10, choices=PageSize.choices, default=PageSize.A4)
    heading = models.CharField(_("heading"), max_length=60, default="Certificate of completion")
    before_name = models.CharField(_("before the name"), max_length=120, default="This is to certify that")
    after_name = models.CharField(_("between name and title"), max_length=120, default="has completed the course")
    note = models.CharField(_("below the title"), max_length=160, blank=True)
    accent = models.CharField(
        _("color"),
        max_length=7,
        default=ACCENT,
        validators=[
            RegexValidator(
                re.compile(r"\A#[0-9a-f]{6}\Z"),
                _("Use six lower-case hexadecimal digits: #0e6450."),
            )
        ],
    )
    signature = models.FileField(
        _("signature"), upload_to="certificate-signatures", blank=True, validators=[check_signature],
        help_text=_("PNG or JPEG image with a white or transparent background, up to 300 kB."),
    )  # fmt: skip
    is_default = models.BooleanField(_("default template"), default=False)

    objects = CertificateTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("certificate template")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="certificates_certificatetemplate_one_default",
                violation_error_message=_("Another template is the default already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CourseTemplate(models.Model):
    """Template of a course, used in place of the default.

    A separate model, because the courses app does not depend on certificates.
    """

    course = models.OneToOneField(Course, models.CASCADE, related_name="+")
    template = models.ForeignKey(CertificateTemplate, models.CASCADE, related_name="courses")

    class Meta:
        ordering = ["course__title"]
        verbose_name = _("course with its own template")
        verbose_name_plural = _("courses with their own template")

    def __str__(self) -> str:
        return f"{self.course}: {self.template}"
