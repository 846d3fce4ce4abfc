"""Tokens of the API: issue, rotation and revocation (quality row A01, A02, A10; RFC 9700, section 4.14).

simplejwt's own rotation accepts one refresh token several times when requests arrive together, and detects no theft.
Here the row that `blacklist()` creates decides: the request that creates it rotates the token, one that finds it is a
replay.
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token

from accounts import privileges
from accounts.models import LoginKind, LoginSession, User
from core.audit.entries import record
from core.db.prepared import Prepared
from core.http import request_id
from core.http.errors import DomainError

SESSION_CLAIM = "sid"
FACTORS_CLAIM = "amr"  # the factors that the login passed (RFC 8176), for clients; the row of the login decides
ACT_CLAIM = "act"  # the impersonating staff member (RFC 8693, section 4.1)


class TokenRefusedError(DomainError):
    """The token is invalid, expired or used."""

    status = 401


@dataclass(frozen=True)
class TokenPair:
    """Both tokens as text, and the lifetime of the access token in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105  # the scheme's name (RFC 6750), no secret


class SessionToken(RefreshToken):
    """A refresh token that names its login, and never outlives it."""

    @classmethod
    def for_session(cls, session: LoginSession) -> Self:
        """Return a new token of this login and store its id. One insert.

        The token itself is not stored, so that a leaked table grants no access.
        """
        token = cls()
        token["user_id"] = str(session.user_id)
        token[SESSION_CLAIM] = str(session.pk)
        token[FACTORS_CLAIM] = ["pwd"] if session.verified_at is None else ["pwd", "otp", "mfa"]
        now = timezone.now()
        expires_at = min(now + settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"], session.expires_at)
        token.set_exp(from_time=now, lifetime=expires_at - now)
        OutstandingToken.objects.create(
            user_id=session.user_id, jti=token["jti"], token="", created_at=now, expires_at=expires_at
        )
        return token

    def verify(self) -> None:
        """Check the token's claims, but not whether it was used: `rotate` distinguishes a replay from a first use."""
        Token.verify(self)

    def as_pair(self) -> TokenPair:
        """Return this token with a new access token of the same login."""
        life: timedelta = settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
        return TokenPair(str(self.access_token), str(self), int(life.total_seconds()))


@transaction.atomic
def start_session(
    *, user: User, user_agent: str = "", kind: str = LoginKind.API, is_verified: bool = False
) -> TokenPair:
    """Start a login of an authenticated user; return its first tokens.

    `is_verified` is whether the login passed the second factor.
    """
    session = LoginSession.objects.create(
        user=user,
        kind=kind,
        ip_address=request_id.address.get(),
        user_agent=user_agent[:255],
        verified_at=timezone.now() if is_verified else None,
    )
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    return SessionToken.for_session(session).as_pair()


def rotate(*, refresh_token: str) -> TokenPair:
    """Exchange a refresh token for a new pair; it works once.

    Raises TokenRefusedError: `token_not_valid` for an invalid token, and for one that was rotated within the last ten
    seconds (two tabs that refresh together must not log their user out); `token_reused` for one that was rotated before
    that: the token was copied, so the whole login ends and the audit log records it.
    """
    token = _decoded(refresh_token)
    with transaction.atomic():
        session = _locked_session(token)
        if session is None:
            raise TokenRefusedError("token_not_valid", _("This session has ended. Log in again."))
        blacklisted, first_use = cast(tuple[BlacklistedToken, bool], token.blacklist())
        if first_use:
            session.last_used_at = timezone.now()
            session.save(update_fields=["last_used_at"])
            return SessionToken.for_session(session).as_pair()
        stolen = timezone.now() - blacklisted.blacklisted_at > settings.REFRESH_REUSE_GRACE
        if stolen:
            LoginSession.objects.filter(pk=session.pk).end()
            record(actor=session.user, action="accounts.refresh_token_reused", target=session)
    # Raised after the commit; otherwise the end of the login would be rolled back.
    if stolen:
        raise TokenRefusedError(
            "token_reused", _("This token was already used, so its session has been ended. Log in again.")
        )
    raise TokenRefusedError("token_not_valid", _("This token was already exchanged for a new one."))


def end_session(*, refresh_token: str, actor: User) -> None:
    """End the login that a refresh token of `actor` belongs to; its access tokens stop working at once.

    Raises TokenRefusedError for an invalid token or another user's.
    """
    token = _decoded(refresh_token)
    with transaction.atomic():
        ended = LoginSession.objects.filter(pk=token[SESSION_CLAIM], user=actor).end()
        if not ended:
            raise TokenRefusedError("token_not_valid", _("This token doesn't belong to one of your sessions."))
        record(actor=actor, action="accounts.logged_out", changes={"session": token[SESSION_CLAIM]})


def end_session_if_valid(*, refresh_token: str, actor: Any) -> None:
    """End the login of a refresh token; ignore a token that is no longer valid."""
    with suppress(TokenRefusedError):
        token = _decoded(refresh_token)
        owner = {"user": actor} if isinstance(actor, User) else {"user": token["user_id"]}
        with transaction.atomic():
            if LoginSession.objects.filter(pk=token[SESSION_CLAIM], **owner).end():
                record(actor=actor, action="accounts.logged_out", changes={"session": token[SESSION_CLAIM]})


_LOGIN = Prepared(lambda login_id: LoginSession.objects.select_related("user__avatar").filter(pk=login_id))
_BORROWED_LOGIN = Prepared(
    lambda login_id: LoginSession.objects.select_related("user__avatar", "actor").filter(pk=login_id)
)


def live_session(claims: dict[str, Any]) -> LoginSession | None:
    """Return the live login of a token's claims with its active user, limited to the login, else None. One query.

    For an impersonation, the staff member has to be active, too.
    """
    acting: Any = claims.get(ACT_CLAIM) or {}
    session_id: Any = claims.get(SESSION_CLAIM)
    # Fetched by primary key and checked in Python, because every request runs this query.
    session = (_BORROWED_LOGIN if acting else _LOGIN).row(uuid.UUID(session_id)) if session_id else None
    if session is None:
        return None
    actor_id = None if session.actor_id is None else str(session.actor_id)
    is_named = str(session.user_id) == claims.get("user_id") and actor_id == acting.get("sub")
    if not (is_named and session.is_live() and session.has_active_users()):
        return None
    privileges.limit_to_login(session.user, session)
    return session


def _decoded(refresh_token: str) -> SessionToken:
    """Return the token after checks of signature, type, issuer, audience and age, but not of earlier use."""
    try:
        token = SessionToken(refresh_token)  # type: ignore[arg-type]  # the stub names the class, the code takes text
    except TokenError as error:
        raise TokenRefusedError("token_not_valid", _("This is not a valid refresh token.")) from error
    if not {SESSION_CLAIM, "user_id"} <= token.payload.keys():
        raise TokenRefusedError("token_not_valid", _("This is not a valid refresh token."))
    return token


def _locked_session(token: SessionToken) -> LoginSession | None:
    """Return the token's login, locked until the transaction ends, if it is live and its user is active."""
    session = (
        LoginSession.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=token[SESSION_CLAIM], user=token["user_id"])
        .first()
    )
    return session if session is not None and session.is_live() and session.user.is_active else None
