"""Public profiles of instructors."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from core.db.text_functions import SortKey
from core.text import markdown
from core.text.validators import validate_one_line

MAX_EXPERTISE = 12
MAX_EXPERTISE_LENGTH = 60  # characters of one area


class InstructorQuerySet(models.QuerySet["Instructor"]):
    """Access to profiles."""

    def visible_to(self, user: Any) -> Self:
        """Return the profiles of active instructors, the user's own, and for admins all (quality row I01)."""
        if has_role(user, Role.ADMIN):
            return self
        public = Q(user__is_active=True, user__role__in=[Role.INSTRUCTOR, Role.ADMIN])
        return self.filter(public | Q(user=user) if user.is_authenticated else public)

    def editable_by(self, user: Any) -> Self:
        """Return the user's own profile."""
        return self.filter(user=user) if has_role(user, Role.INSTRUCTOR, Role.ADMIN) else self.none()


class Instructor(models.Model):
    """An instructor's public profile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="instructor_profile")
    title = models.CharField(_("title"), max_length=120, blank=True, null=True, validators=[validate_one_line])
    bio = models.TextField(_("about"), max_length=5000, blank=True, null=True)
    expertise = models.JSONField(_("expertise"), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = InstructorQuerySet.as_manager()

    class Meta:
        ordering = [SortKey("user__full_name"), "id"]
        verbose_name = _("instructor profile")

    def __str__(self) -> str:
        return str(self.user)

    def clean(self) -> None:
        """Strip HTML from the public bio: a client of the API may insert it into a page unescaped (quality row I01)."""
        self.bio = strip_tags(self.bio) if self.bio else self.bio

    @property
    def bio_html(self) -> str:
        """Bio as safe HTML."""
        return markdown.to_html(self.bio or "")
