"""Login: the password, then the second factor if it is on; by tokens, by cookies or on a page."""

import uuid
from typing import Any

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import mfa, passwords
from accounts.models import Challenge, LoginKind, LoginSession, SocketTicket, User
from accounts.models.one_time_tokens import ChallengePurpose, Transport
from accounts.tokens import SESSION_CLAIM, TokenPair, start_session
from core.audit.entries import record
from core.http import request_id

BACKEND = "django.contrib.auth.backends.ModelBackend"
LOGIN_KINDS = {Transport.BEARER: LoginKind.API, Transport.COOKIE: LoginKind.COOKIE}


def log_in(
    *, email: str, password: str, request: Any, transport: Transport = Transport.BEARER
) -> tuple[User, TokenPair | Challenge]:
    """Check a password and start a login; return the user with tokens, or with the challenge of the second factor.

    A challenge grants no access. Raises as `passwords.check_credentials`.
    """
    user = passwords.check_credentials(email=email, password=password, request=request)
    if user.mfa_enabled:
        return user, mfa.create_login_challenge(user=user, transport=transport)
    return user, _start_session(user, request, transport)


def transport_of(token: str) -> Transport:
    """Return the transport that the challenge was issued for.

    Raises AccountError `challenge_expired` (401), also for a challenge of a page, which is answered there.
    """
    transport = Transport(mfa.find_challenge(token=token, purpose=ChallengePurpose.LOGIN).door)
    if transport == Transport.PAGE:
        raise mfa.challenge_expired_error()
    return transport


def complete_login(*, token: str, code: str, request: Any) -> tuple[User, TokenPair]:
    """Complete a login with a code; return the user and the tokens.

    Raises AccountError `invalid_code` or `challenge_expired` (401); LimitError.
    """
    challenge = mfa.find_challenge(token=token, purpose=ChallengePurpose.LOGIN)
    mfa.verify_code(challenge=challenge, code=code)
    return challenge.user, _start_session(challenge.user, request, Transport(challenge.door), is_verified=True)


def complete_page_login(*, token: str, code: str, request: HttpRequest) -> User:
    """Complete a login on a page with a code: start a verified browser session. Raises as `complete_login`."""
    challenge = mfa.find_challenge(token=token, purpose=ChallengePurpose.LOGIN)
    if challenge.door != Transport.PAGE:
        raise mfa.challenge_expired_error()
    mfa.verify_code(challenge=challenge, code=code)
    start_browser_login(request=request, user=challenge.user, is_verified=True)
    return challenge.user


def _start_session(user: User, request: Any, transport: Transport, *, is_verified: bool = False) -> TokenPair:
    """Start the login of an API client."""
    user_agent = request.headers.get("User-Agent", "")
    return start_session(user=user, user_agent=user_agent, kind=LOGIN_KINDS[transport], is_verified=is_verified)


@transaction.atomic
def start_browser_login(*, request: HttpRequest, user: User, is_verified: bool) -> None:
    """Log a browser in with a new session key, and end the login of its previous one.

    A login is never upgraded: a copy of the old cookie does not pass the second factor with the browser.
    """
    previous_key = request.session.session_key
    request.session.cycle_key()
    if previous_key:
        LoginSession.objects.filter(user=user, session_key=previous_key).end()
    login(request, user, backend=BACKEND)
    if is_verified:
        started = LoginSession.objects.filter(user=user, session_key=request.session.session_key)
        started.update(verified_at=timezone.now())


@transaction.atomic
def record_browser_login(*, user: User, request: HttpRequest) -> None:
    """Create a row for a browser's new session, so that its owner sees it and can end it from elsewhere.

    Called by the signal of every login on a page. Three queries.
    """
    if not request.session.session_key:
        request.session.save()
    LoginSession.objects.create(
        user=user,
        kind=LoginKind.BROWSER,
        session_key=request.session.session_key or "",
        ip_address=request_id.address.get(),
        user_agent=request.headers.get("User-Agent", "")[:255],
    )


@transaction.atomic
def end_login(*, actor: User, session: LoginSession) -> None:
    """End one login: its tokens and its browser session stop working at once."""
    LoginSession.objects.filter(pk=session.pk).end()
    record(actor=actor, action="accounts.login_ended", target=session)


@transaction.atomic
def end_other_logins(*, actor: User, keep_session_key: str) -> int:
    """End all logins of a user except the current browser's; return their number."""
    ended = LoginSession.objects.filter(user=actor).exclude(session_key=keep_session_key).end()
    record(actor=actor, action="accounts.other_logins_ended", target=actor, changes={"ended": ended})
    return ended


def get_login_id(request: Any) -> str | None:
    """Return the id of the login that an API request was authenticated with, or None. One query for a browser's."""
    login_id: str | None = getattr(request.auth, "payload", {}).get(SESSION_CLAIM)
    if login_id is None and request.session.session_key:
        browser = LoginSession.objects.live().filter(user=request.user, session_key=request.session.session_key).first()
        login_id = str(browser.pk) if browser is not None else None
    return login_id


def create_ticket(*, user: User, login_id: str | None) -> SocketTicket:
    """Return a ticket that opens one WebSocket within a minute, while its login is live."""
    return SocketTicket.objects.create(user=user, session_id=login_id)


def use_ticket(*, ticket: str) -> SocketTicket | None:
    """Use up a ticket and return it with its user and login; None if invalid, used, expired or if its login has ended.

    Two queries.
    """
    try:
        ticket_id = uuid.UUID(ticket)
    except ValueError:
        return None
    found = SocketTicket.objects.filter(pk=ticket_id).select_related("user", "session").first()
    if found is None or not SocketTicket.objects.filter(pk=found.pk).use():
        return None
    is_live = found.user.is_active and (found.session is None or found.session.is_live())
    return found if is_live else None
