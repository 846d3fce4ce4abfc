"""Acting in a person's name, to see what they see: who may, for how long, and what it never reaches (QUALITY M01, M02).

It is a login of the person's own, of which the database knows who acts in it: so it stands in their list of logins,
ends with their account, and they can end it. The staff's own session stays as it is, second factor included; a browser
only remembers which login it acts in, and a token says so in its `act` claim.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework_simplejwt.tokens import AccessToken

from accounts.errors import AccountError
from accounts.models import LoginKind, LoginSession, Role, User
from accounts.tokens import ACT_CLAIM, SESSION_CLAIM
from lms.lib import request_id
from lms.lib.scoping import SAFE_METHODS
from lms.platform.audit import record

PERMISSION = "accounts.impersonate_user"
IN_BROWSER = timedelta(minutes=30)
BY_TOKEN = timedelta(minutes=15)
KEY = "accounts.impersonation"

# What may be changed in somebody else's name, by method and route; everything else that changes anything is refused.
# Learning is what support is asked about, so it can be tried; handing in, paying and deleting are the person's own.
WRITABLE = frozenset(
    {
        ("POST", "account/impersonation/end/"),
        ("POST", "account/logout/"),
        ("POST", "learn/<str:slug>/<uuid:lesson_id>/done/"),
        ("PUT", "api/v1/enrollments/<enrollment_id>/progress"),
        ("PATCH", "api/v1/enrollments/<enrollment_id>/progress"),
    }
)
# What is not even shown: the administration, the person's ways in, and where money is about to move.
CLOSED = (
    "admin/",
    "api/v1/admin/",
    "account/security/password/",
    "account/security/email/",
    "account/security/second-factor/",
    "account/security/logins/",
    "account/export/",
    "account/close/",
    "account/email/",
    "account/reset/",
    "account/verify/",
    "checkout/",
    "orders/<uuid:order_id>/pay/",
    "orders/<uuid:order_id>/coupon/",
    "orders/<uuid:order_id>/test-card/",
)


def why_not(*, actor: Any, user: User) -> str:
    """Return why `actor` may not act in this user's name, as a sentence; nothing when they may."""
    if request_id.acting.get() is not None:
        return _("You act in somebody's name already. Go back first.")
    if not getattr(actor, "is_staff", False) or not actor.has_perm(PERMISSION):
        return _("You may not log in as somebody else.")
    if actor.pk == user.pk:
        return _("This is you.")
    if user.is_staff or user.is_superuser or user.role == Role.ADMIN:
        return _("Nobody logs in as staff.")
    if not user.is_active:
        return _("This account is switched off.")
    return ""


@transaction.atomic
def begin(*, actor: Any, user: User, reason: str, life: timedelta) -> LoginSession:
    """Begin to act in a user's name, for the written reason, for so long; return the login.

    Raises AccountError `impersonation_not_allowed` (403), `reason_required` (400).
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    refused = why_not(actor=actor, user=user)
    if refused:
        raise AccountError("impersonation_not_allowed", refused, status=403)
    reason = " ".join(reason.split())
    if not reason:
        raise AccountError("reason_required", _("Write down why: the person can read it."), status=400)
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
    """Stop acting in a user's name; does nothing when it is over already."""
    if LoginSession.objects.filter(pk=login.pk).live().end():
        record(actor=login.actor, action="accounts.impersonation_ended", target=login.user, subject=login.user)


def access_token(login: LoginSession) -> str:
    """Return the access token of such a login: good until the login ends, with nothing to refresh it."""
    token = AccessToken()
    token["user_id"] = str(login.user_id)
    token[SESSION_CLAIM] = str(login.pk)
    token[ACT_CLAIM] = {"sub": str(login.actor_id)}
    now = timezone.now()
    token.set_exp(from_time=now, lifetime=login.expires_at - now)
    return str(token)


def live(*, login_id: str, actor: Any) -> LoginSession | None:
    """Return the login that a browser of `actor` acts in, with its user; None when it is over. One query.

    The permission is looked at each time: who loses it, loses this, too.
    """
    found = LoginSession.objects.live().select_related("user", "actor").filter(pk=login_id, actor=actor.pk).first()
    if found is None or why_not(actor=found.actor, user=found.user):
        return None
    return found


def enter(*, actor_id: Any, user_id: Any) -> None:
    """Let the rest of the request know who acts in whose name: the audit log writes both down."""
    request_id.acting.set(request_id.Acting(actor_id=actor_id, subject_id=user_id))


def is_refused(request: HttpRequest) -> bool:
    """Return whether this request is out of reach while acting in somebody's name. The one place that decides it."""
    route = request.resolver_match.route if request.resolver_match else ""
    if request.method in SAFE_METHODS:
        return route.startswith(CLOSED)
    return (request.method, route) not in WRITABLE


def refusal() -> str:
    """Return what somebody is told who asks for what is out of reach."""
    return _("Not in somebody else's name: only they may do this. Go back to your own account first.")
