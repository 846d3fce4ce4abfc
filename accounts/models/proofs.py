"""What proves who somebody is, for a while and once: mailed links, second steps, tickets; and how often one may try.

None of these rows opens anything by itself: what a person holds is the row's id under a signature (or a code made from
it) with the site's secret key, so a leaked table is worth nothing, and no token passes through the queue.
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
    """How often something was tried by one account, from one address, or by the one from the other.

    `subject` is a hash, so that the table names nobody, known or not. A row is locked while it is counted up, so that
    requests that arrive together cannot slip through (QUALITY A07, X13).
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


class ProofQuerySet(models.QuerySet[models.Model]):
    """Things that work once, for a while."""

    def open(self) -> Self:
        """Return those that are neither used nor too old."""
        return self.filter(used_at=None, expires_at__gt=timezone.now())

    def use(self) -> int:
        """Spend these; return how many were still open. Of two at once, one gets 1. One update."""
        return self.open().update(used_at=timezone.now())


class LetterPurpose(models.TextChoices):
    """What the link in a mail is good for."""

    RESET = "reset", _("set a new password")
    VERIFY = "verify", _("confirm the address")
    NEW_EMAIL = "new_email", _("confirm a new address")


def end_of_letter() -> datetime:
    """Return when the link of a mail that is asked for now stops working: in an hour (QUALITY A08)."""
    return timezone.now() + timedelta(hours=1)


class Letter(models.Model):
    """A mail with a link that works once and for an hour.

    It is made for every address that anybody types, and finds its user only when it is written, in a task: so the
    request does the same work for an address that exists and for one that does not (QUALITY A03).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=10, choices=LetterPurpose.choices)
    email = models.EmailField(max_length=254)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="letters")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=end_of_letter)
    sent_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    objects = ProofQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["expires_at"], name="accounts_letter_expired")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.created_at:%Y-%m-%d %H:%M}"


class ChallengePurpose(models.TextChoices):
    """What a right code is good for."""

    LOGIN = "login", _("log in")
    ENABLE = "enable", _("turn the second factor on")
    DISABLE = "disable", _("turn the second factor off")


class Door(models.TextChoices):
    """By which door a login goes on after its second step."""

    BEARER = "bearer", _("tokens")
    COOKIE = "cookie", _("cookies")
    PAGE = "page", _("a page")


def end_of_challenge() -> datetime:
    """Return when a second step that begins now is too late: in five minutes (QUALITY A05)."""
    return timezone.now() + timedelta(minutes=5)


class Challenge(models.Model):
    """A second step that waits for a code, five wrong ones at most."""

    MOST_ATTEMPTS = 5

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="challenges")
    purpose = models.CharField(max_length=10, choices=ChallengePurpose.choices)
    door = models.CharField(max_length=10, choices=Door.choices, default=Door.BEARER)
    method = models.CharField(max_length=10)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=end_of_challenge)
    used_at = models.DateTimeField(null=True)

    objects = ProofQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["expires_at"], name="accounts_challenge_expired")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.created_at:%Y-%m-%d %H:%M}"

    def is_open(self) -> bool:
        """Return whether a code may still be tried."""
        return self.used_at is None and self.expires_at > timezone.now() and self.attempts < self.MOST_ATTEMPTS


def end_of_ticket() -> datetime:
    """Return when a ticket that is given now expires: in a minute."""
    return timezone.now() + timedelta(seconds=60)


class SocketTicket(models.Model):
    """Opens one WebSocket, once: a socket's address stands in logs, where a token must not (QUALITY W03)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    session = models.ForeignKey(LoginSession, models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField(default=end_of_ticket)
    used_at = models.DateTimeField(null=True)

    objects = ProofQuerySet.as_manager()

    class Meta:
        ordering = ["-expires_at"]
        indexes = [models.Index(fields=["expires_at"], name="accounts_ticket_expired")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.expires_at:%Y-%m-%d %H:%M}"
