"""Calendar feeds."""

from typing import Self

from django.conf import settings
from django.core import signing
from django.db import models
from django.utils.translation import gettext_lazy as _

CALENDAR_SALT = "enrollments.calendar"


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    """QuerySet of calendar feeds."""

    def by_token(self, token: str) -> Self:
        """Return the feed of a token; empty for a forged token, a token from before a reset, or an inactive user."""
        try:
            feed_id, version = signing.Signer(salt=CALENDAR_SALT).unsign_object(token)
        except (signing.BadSignature, ValueError, TypeError):
            return self.none()
        return self.filter(pk=feed_id, version=version, user__is_active=True)


class CalendarFeed(models.Model):
    """The iCalendar feed of one user.

    Its URL holds a signed token and is not stored. A reset increments `version`, so that the old URL no longer works.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feed")
    version = models.PositiveIntegerField(default=1)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar feed")

    def __str__(self) -> str:
        return f"{self.user_id} {self.version}"

    @property
    def token(self) -> str:
        """Signed token for the feed's URL."""
        return signing.Signer(salt=CALENDAR_SALT).sign_object([self.pk, self.version])
