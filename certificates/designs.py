"""How a certificate looks and what it says: one design for the site, others for single courses."""

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
LARGEST_SIGNATURE = 300_000  # bytes
WIDEST_SIGNATURE = 2_000  # pixels, either way
SIGNATURE_FORMATS = ("PNG", "JPEG")


class PageSize(models.TextChoices):
    """The paper, always lying on its side."""

    A4 = "a4", _("A4")
    LETTER = "letter", _("Letter")


def check_signature(file: Any) -> None:
    """Raise ValidationError for what is not a small PNG or JPEG. Reads its head only, never its pixels."""
    if file.size > LARGEST_SIGNATURE:
        raise ValidationError(_("The picture is larger than 300 kB."), code="too_large")
    try:
        file.seek(0)
        with Image.open(file, formats=SIGNATURE_FORMATS) as picture:
            size = max(picture.size)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ValidationError(_("This is no PNG or JPEG picture."), code="not_a_picture") from error
    finally:
        file.seek(0)
    if size > WIDEST_SIGNATURE:
        raise ValidationError(_("The picture is wider or higher than 2000 pixels."), code="too_wide")


class CertificateTemplateQuerySet(models.QuerySet["CertificateTemplate"]):
    """Designs, and which one a course gets."""

    def visible_to(self, user: Any) -> Self:
        """Return all for admins: nobody else has any use for them."""
        return self if has_role(user, Role.ADMIN) else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return all for admins."""
        return self.visible_to(user)

    def chosen_for(self, course: Course) -> "CertificateTemplate | None":
        """Return the course's own design, else the site's; None where neither is set. One query."""
        own = Case(When(pk__in=CourseTemplate.objects.filter(course=course).values("template"), then=1), default=0)
        candidates = self.annotate(is_own=own).filter(Q(is_own=1) | Q(is_default=True))
        return candidates.order_by("-is_own").first()


class CertificateTemplate(models.Model):
    """A design: paper, words, colour, and the signature of whoever vouches for it."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    page_size = models.CharField(_("paper"), max_length=10, choices=PageSize.choices, default=PageSize.A4)
    heading = models.CharField(_("heading"), max_length=60, default="Certificate of completion")
    before_name = models.CharField(_("before the name"), max_length=120, default="This is to say that")
    after_name = models.CharField(_("between name and title"), max_length=120, default="has completed the course")
    note = models.CharField(_("below the title"), max_length=160, blank=True)
    accent = models.CharField(
        _("colour"),
        max_length=7,
        default=ACCENT,
        validators=[
            RegexValidator(re.compile(r"\A#[0-9a-f]{6}\Z"), _("Six hexadecimal digits in lower case: #0e6450"))
        ],
    )
    signature = models.FileField(
        _("signature"), upload_to="certificate-signatures", blank=True, validators=[check_signature],
        help_text=_("A PNG or JPEG picture on white or transparent ground, up to 300 kB."),
    )  # fmt: skip
    is_default = models.BooleanField(_("the site's own"), default=False)

    objects = CertificateTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("certificate template")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="certificates_certificatetemplate_one_default",
                violation_error_message=_("Another template is the site's own already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CourseTemplate(models.Model):
    """The design that a course gets in place of the site's. It stands here: courses know nothing of certificates."""

    course = models.OneToOneField(Course, models.CASCADE, related_name="+")
    template = models.ForeignKey(CertificateTemplate, models.CASCADE, related_name="courses")

    class Meta:
        ordering = ["course__title"]
        verbose_name = _("course with its own template")
        verbose_name_plural = _("courses with their own template")

    def __str__(self) -> str:
        return f"{self.course}: {self.template}"
