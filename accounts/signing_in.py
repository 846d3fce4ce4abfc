"""Signing in: the password, then the second step where it is on; by tokens, by cookies or on a page."""

import uuid
from typing import Any

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django_otp import login as otp_login

from accounts import mfa, passwords
from accounts.models import Challenge, LoginKind, LoginSession, SocketTicket, User
from accounts.models.proofs import ChallengePurpose, Door
from accounts.tokens import TokenPair, start_session
from lms.lib import request_id
from lms.platform.audit import record

BACKEND = "django.contrib.auth.backends.ModelBackend"
KINDS = {Door.BEARER: LoginKind.API, Door.COOKIE: LoginKind.COOKIE}


def sign_in(*, email: str, password: str, request: Any, door: Door = Door.BEARER) -> tuple[User, TokenPair | Challenge]:
    """Check a password and start a login; return the user with its tokens, or with the challenge of the second step,
    which opens nothing by itself. Raises as `passwords.check`."""
    user = passwords.check(email=email, password=password, request=request)
    if user.mfa_enabled:
        return user, mfa.challenge(user=user, door=door)
    return user, _start(user, request, door)


def door_of(token: str) -> Door:
    """Return by which door the login of a challenge came in. Raises AccountError `challenge_expired` (401), also for
    one of a page: it goes on there."""
    door = Door(mfa.find(token=token, purpose=ChallengePurpose.LOGIN).door)
    if door == Door.PAGE:
        raise mfa.expired()
    return door


def finish(*, token: str, code: str, request: Any) -> tuple[User, TokenPair]:
    """Take the second step; return the user and the tokens.

    Raises AccountError `invalid_code` or `challenge_expired` (401); LimitError.
    """
    challenge = mfa.find(token=token, purpose=ChallengePurpose.LOGIN)
    mfa.answer(challenge=challenge, code=code)
    return challenge.user, _start(challenge.user, request, Door(challenge.door))


def finish_on_page(*, token: str, code: str, request: HttpRequest) -> User:
    """Take the second step of a page: start the browser's session, verified. Raises as `finish`."""
    challenge = mfa.find(token=token, purpose=ChallengePurpose.LOGIN)
    if challenge.door != Door.PAGE:
        raise mfa.expired()
    device = mfa.answer(challenge=challenge, code=code)
    login(request, challenge.user, backend=BACKEND)
    otp_login(request, device)
    return challenge.user


def _start(user: User, request: Any, door: Door) -> TokenPair:
    return start_session(user=user, user_agent=request.headers.get("User-Agent", ""), kind=KINDS[door])


@transaction.atomic
def note_browser(*, user: User, request: HttpRequest) -> None:
    """Keep a row for a browser's new session, so that its owner sees it and can end it from elsewhere.

    Called by Django's signal of every login on a page. Three queries.
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
    """End all logins of a user but the browser that asks; return how many."""
    ended = LoginSession.objects.filter(user=actor).exclude(session_key=keep_session_key).end()
    record(actor=actor, action="accounts.other_logins_ended", target=actor, changes={"ended": ended})
    return ended


def give_ticket(*, user: User, session_id: str | None, session_key: str = "") -> SocketTicket:
    """Return a ticket that opens one WebSocket within a minute, while the login that asked for it lives.

    `session_id` names a login of the API; `session_key` a browser's session, whose row is looked up. Two queries.
    """
    if session_id is None and session_key:
        browser = LoginSession.objects.live().filter(user=user, session_key=session_key).first()
        session_id = str(browser.pk) if browser is not None else None
    return SocketTicket.objects.create(user=user, session_id=session_id)


def use_ticket(*, ticket: str) -> SocketTicket | None:
    """Spend a ticket; return it with its user and login, or None when it is none, used, too old or its login has ended.

    Two queries.
    """
    try:
        ticket_id = uuid.UUID(ticket)
    except ValueError:
        return None
    found = SocketTicket.objects.filter(pk=ticket_id).select_related("user", "session").first()
    if found is None or not SocketTicket.objects.filter(pk=found.pk).use():
        return None
    alive = found.user.is_active and (found.session is None or found.session.is_live())
    return found if alive else None
