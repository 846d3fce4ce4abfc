"""Logins through the API, by cookie and in a browser, and how they end."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.signals import logins_ended


class LoginKind(models.TextChoices):
    """The kind of client that a login belongs to."""

    API = "api", _("API client")
    COOKIE = "cookie", _("Browser app")
    BROWSER = "browser", _("Browser")
    SUPPORT = "support", _("Staff, logged in as you")


class LoginSessionQuerySet(models.QuerySet["LoginSession"]):
    def live(self) -> Self:
        """Return the logins that have neither ended nor expired."""
        return self.filter(ended_at=None, expires_at__gt=timezone.now())

    def verified(self) -> Self:
        """Return the logins that passed the second factor."""
        return self.filter(verified_at__isnull=False)

    def involving(self, user: User) -> Self:
        """Return the logins of a user, and the impersonations by the user."""
        return self.filter(Q(user=user) | Q(actor=user))

    def listed(self) -> Self:
        """Return the live logins, without browsers whose session has expired or was logged out."""
        open_session = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
        return self.live().filter(~Q(kind=LoginKind.BROWSER) | Exists(open_session))

    def end(self) -> int:
        """End these logins and return how many ended. Three queries.

        Every token of them is refused from now on, browser sessions are deleted, and the signal `logins_ended` is sent,
        so that higher apps close sockets.
        """
        ending = list(self.filter(ended_at=None).values_list("pk", "session_key"))
        keys = [key for _pk, key in ending if key]
        Session.objects.filter(session_key__in=keys).delete()
        ended = self.filter(ended_at=None).update(ended_at=timezone.now())
        if ending:
            logins_ended.send(sender=LoginSession, login_ids=[pk for pk, _key in ending], session_keys=keys)
        return ended

    def visible_to(self, user: Any) -> Self:
        """Return the user's own logins."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    editable_by = visible_to


def end_of_login() -> datetime:
    """Return when a login that starts now expires, however often its tokens are refreshed."""
    return timezone.now() + settings.LOGIN_MAX_AGE


class LoginSession(models.Model):
    """One login: a browser's session, the family of all tokens that descend from it, or an impersonation.

    Each access and refresh token names its login in the claim `sid`; a request is accepted only while that row is live,
    checked in the query that loads the user. So ending a row ends every token at once, in every process, with or
    without Redis (quality row A01, A02). An impersonation has an `actor` (quality row M02). `verified_at` is when the
    login passed the second factor; without it, the user is limited where that is required
    (`accounts.privileges`). Single refresh tokens are stored by simplejwt's `token_blacklist`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="login_sessions")
    kind = models.CharField(_("kind"), max_length=10, choices=LoginKind.choices, default=LoginKind.API)
    session_key = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=end_of_login)
    ended_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(_("second factor verified at"), null=True, blank=True)
    ip_address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser or client"), max_length=255, blank=True)
    actor = models.ForeignKey(
        User,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("staff member logged in as the user"),
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = LoginSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-last_used_at", "id"]
        verbose_name = _("login")
        indexes = [models.Index(fields=["user", "ended_at"], name="accounts_login_live")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=LoginKind.SUPPORT, actor__isnull=False) | (~Q(kind=LoginKind.SUPPORT) & Q(actor=None)),
                name="accounts_loginsession_support_has_actor",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d %H:%M}"

    def is_live(self) -> bool:
        """Return whether tokens of this login are accepted."""
        return self.ended_at is None and self.expires_at > timezone.now()

    def has_active_users(self) -> bool:
        """Return whether the user is active, and the impersonating actor, if any, is active staff."""
        return self.user.is_active and (self.actor is None or (self.actor.is_active and self.actor.is_staff))
