"""Tokens that work once: emailed links, login challenges and socket tickets; and counters of attempts.

No row grants access by itself: a client holds the row's id, signed with the site's secret key, or a code derived from
it. A leaked table is therefore worthless, and no token passes through the queue.
"""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.logins import LoginSession
from accounts.models.people import User


class AttemptCounter(models.Model):
    """The number of attempts by an account, from an IP address, or by an account from an address.

    `subject` is a hash, so that the table names no account. A row is locked while it is incremented, so that concurrent
    requests cannot exceed the limit (quality row A07, X13).
    """

    scope = models.CharField(max_length=20)
    subject = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=45, blank=True)
    count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["scope", "subject", "address"], name="accounts_attemptcounter_once"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="accounts_attempts_expired")]

    def __str__(self) -> str:
        return f"{self.scope} {self.count}"


class OneTimeQuerySet(models.QuerySet[models.Model]):
    def open(self) -> Self:
        """Return the rows that are neither used nor expired."""
        return self.filter(used_at=None, expires_at__gt=timezone.now())

    def use(self) -> int:
        """Mark these rows as used; return how many were open. Of two concurrent calls, one returns 1. One update."""
        return self.open().update(used_at=timezone.now())


class EmailTokenPurpose(models.TextChoices):
    """The action that an emailed link performs."""

    RESET = "reset", _("set a new password")
    VERIFY = "verify", _("confirm the address")
    NEW_EMAIL = "new_email", _("confirm a new address")


def end_of_email_token() -> datetime:
    """Return when a link that is requested now expires: in one hour (quality row A08)."""
    return timezone.now() + timedelta(hours=1)


class EmailToken(models.Model):
    """The token of an emailed link; it works once and for one hour.

    A row is created for every address that is submitted, and its user is looked up in the task that sends the email: so
    the request does the same work whether the address has an account or not (quality row A03).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=10, choices=EmailTokenPurpose.choices)
    email = models.EmailField(max_length=254)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="letters")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=end_of_email_token)
    sent_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    objects = OneTimeQuerySet.as_manager()

    class Meta:
        db_table = "accounts_letter"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["expires_at"], name="accounts_letter_expired")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.created_at:%Y-%m-%d %H:%M}"


class ChallengePurpose(models.TextChoices):
    """The action that a code confirms."""

    LOGIN = "login", _("log in")
    ENABLE = "enable", _("turn the second factor on")
    DISABLE = "disable", _("turn the second factor off")


class Transport(models.TextChoices):
    """How a login continues after its second step."""

    BEARER = "bearer", _("tokens")
    COOKIE = "cookie", _("cookies")
    PAGE = "page", _("a page")


def end_of_challenge() -> datetime:
    """Return when a challenge that is created now expires: in five minutes (quality row A05)."""
    return timezone.now() + timedelta(minutes=5)


class Challenge(models.Model):
    """A request for a code, with at most five attempts."""

    MOST_ATTEMPTS = 5

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="challenges")
    purpose = models.CharField(max_length=10, choices=ChallengePurpose.choices)
    door = models.CharField(max_length=10, choices=Transport.choices, default=Transport.BEARER)
    method = models.CharField(max_length=10)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=end_of_challenge)
    used_at = models.DateTimeField(null=True)

    objects = OneTimeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["expires_at"], name="accounts_challenge_expired")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.created_at:%Y-%m-%d %H:%M}"

    def is_open(self) -> bool:
        """Return whether a code is still accepted."""
        return self.used_at is None and self.expires_at > timezone.now() and self.attempts < self.MOST_ATTEMPTS


def end_of_ticket() -> datetime:
    """Return when a ticket that is created now expires: in one minute."""
    return timezone.now() + timedelta(seconds=60)


class SocketTicket(models.Model):
    """A ticket that opens one WebSocket once; its URL is logged, so it must hold no token (quality row W03)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    session = models.ForeignKey(LoginSession, models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField(default=end_of_ticket)
    used_at = models.DateTimeField(null=True)

    objects = OneTimeQuerySet.as_manager()

    class Meta:
        ordering = ["-expires_at"]
        indexes = [models.Index(fields=["expires_at"], name="accounts_ticket_expired")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.expires_at:%Y-%m-%d %H:%M}"
