"""The private address of each person's calendar."""

from typing import Self

from django.conf import settings
from django.core import signing
from django.db import models
from django.utils.translation import gettext_lazy as _

CALENDAR_SALT = "enrollments.calendar"


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    """Feeds by their address."""

    def by_token(self, token: str) -> Self:
        """Return the feed that a token opens: none for a forged token, or one from before the last reset."""
        try:
            feed_id, version = signing.Signer(salt=CALENDAR_SALT).unsign_object(token)
        except (signing.BadSignature, ValueError, TypeError):
            return self.none()
        return self.filter(pk=feed_id, version=version, user__is_active=True)


class CalendarFeed(models.Model):
    """One person's calendar for other programs. Its address is signed, not stored; a reset makes the old one void."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feed")
    version = models.PositiveIntegerField(default=1)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar feed")

    def __str__(self) -> str:
        return f"{self.user_id} {self.version}"

    @property
    def token(self) -> str:
        """The signed token of its address."""
        return signing.Signer(salt=CALENDAR_SALT).sign_object([self.pk, self.version])
