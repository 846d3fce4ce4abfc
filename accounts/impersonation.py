"""Impersonation of users by staff: permission, duration and tokens (quality row M01, M02).

An impersonation is a login of the user that names the staff member as its actor. It is listed among the user's logins,
ends with the account, and the user can end it. The session of the staff member stays unchanged, second factor included:
a browser only stores the id of the login, a token has it in its `act` claim. The views declare which requests are
refused (`core.access.impersonation`).
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework_simplejwt.tokens import AccessToken

from accounts.errors import AccountError
from accounts.models import LoginKind, LoginSession, Role, User
from accounts.tokens import ACT_CLAIM, SESSION_CLAIM
from core.audit.entries import record
from core.http import request_id

PERMISSION = "accounts.impersonate_user"
BROWSER_LIFETIME = timedelta(minutes=30)
TOKEN_LIFETIME = timedelta(minutes=15)
SESSION_KEY = "accounts.impersonation"


def get_denial_reason(*, actor: Any, user: User) -> str:
    """Return why `actor` may not impersonate this user, as a sentence; an empty string if it is allowed."""
    if request_id.acting.get() is not None:
        return _("You are already logged in as another user. Return to your own account first.")
    if not getattr(actor, "is_staff", False) or not actor.has_perm(PERMISSION):
        return _("You don't have permission to log in as another user.")
    if actor.pk == user.pk:
        return _("You can't log in as yourself.")
    if user.is_staff or user.is_superuser or user.role == Role.ADMIN:
        return _("You can't log in as a staff member.")
    if not user.is_active:
        return _("This account is deactivated.")
    return ""


@transaction.atomic
def start(*, actor: Any, user: User, reason: str, life: timedelta) -> LoginSession:
    """Start an impersonation that expires after `life`; return the login.

    Raises AccountError `impersonation_not_allowed` (403), `reason_required` (400).
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    refused = get_denial_reason(actor=actor, user=user)
    if refused:
        raise AccountError("impersonation_not_allowed", refused, status=403)
    reason = " ".join(reason.split())
    if not reason:
        raise AccountError("reason_required", _("Enter a reason. The user can see it."), status=400)
    expires_at = timezone.now() + life
    login = LoginSession.objects.create(
        user=user,
        actor=actor,
        kind=LoginKind.SUPPORT,
        reason=reason[:300],
        expires_at=expires_at,
        ip_address=request_id.address.get(),
    )
    changes = {"reason": login.reason, "until": expires_at}
    record(actor=actor, action="accounts.impersonation_started", target=user, subject=user, changes=changes)
    return login


@transaction.atomic
def end(*, login: LoginSession) -> None:
    """End an impersonation unless it has ended."""
    if LoginSession.objects.filter(pk=login.pk).live().end():
        record(actor=login.actor, action="accounts.impersonation_ended", target=login.user, subject=login.user)


def create_access_token(login: LoginSession) -> str:
    """Return the access token of an impersonation; it expires with the login and cannot be refreshed."""
    token = AccessToken()
    token["user_id"] = str(login.user_id)
    token[SESSION_CLAIM] = str(login.pk)
    token[ACT_CLAIM] = {"sub": str(login.actor_id)}
    now = timezone.now()
    token.set_exp(from_time=now, lifetime=login.expires_at - now)
    return str(token)


def get_active_login(*, login_id: str, actor: Any) -> LoginSession | None:
    """Return the live impersonation of `actor` with its user, or None. One query.

    The permission is checked each time, so that losing it ends the impersonation. `actor` is the user of the request,
    who may be limited, and not the row of the actor.
    """
    found = LoginSession.objects.live().select_related("user").filter(pk=login_id, actor=actor.pk).first()
    if found is None or get_denial_reason(actor=actor, user=found.user):
        return None
    return found


def set_acting_context(*, actor_id: Any, user_id: Any) -> None:
    """Store actor and user of the request in the context, for the audit log."""
    request_id.acting.set(request_id.Acting(actor_id=actor_id, subject_id=user_id))


def refusal_message() -> str:
    """Return the message for a request that is refused while impersonating."""
    return _("This isn't available while you are logged in as another user. Return to your own account first.")
