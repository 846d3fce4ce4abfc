"""Authentication of WebSockets, at the handshake and while they are open.

A socket is opened with a ticket or an access token in the query; from pages of this site also with the access cookie or
the browser session (quality rows W01, W03, W06). It stays open as long as that login lives (W05).
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.auth import get_user
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.authentication import user_token
from accounts.login import use_ticket
from accounts.models import LoginSession, User
from accounts.privileges import limit_to_browser, limit_to_login
from accounts.tokens import live_session


@dataclass(frozen=True)
class Caller:
    """The authenticated user of a socket, with the API login or the browser session that it was opened with.

    `session_hash` is Django's session auth hash, which changes with the password. `until` is the expiry of the token.
    `is_limited` is whether the login lacks a required second factor (`accounts.privileges`).
    """

    user_id: uuid.UUID
    login_id: uuid.UUID | None = None
    session_key: str = ""
    session_hash: str = ""
    until: datetime | None = None
    is_limited: bool = False


def parse_query(scope: dict[str, Any]) -> dict[str, str]:
    """Return the query parameters of the handshake, with the last value of each."""
    pairs = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return {name: values[-1] for name, values in pairs.items()}


def get_origin(scope: dict[str, Any]) -> str:
    """Return the `Origin` header of the handshake, which all browsers send, or an empty string."""
    return dict(scope.get("headers", [])).get(b"origin", b"").decode("latin-1")


def is_same_origin(scope: dict[str, Any]) -> bool:
    """Return whether the `Origin` of the handshake is this site: the requested host, or SITE_URL."""
    origin = get_origin(scope)
    host = dict(scope.get("headers", [])).get(b"host", b"").decode("latin-1")
    return bool(origin) and (urlsplit(origin).netloc == host or origin == settings.SITE_URL)


def is_cross_site(scope: dict[str, Any]) -> bool:
    """Return whether another site's page opens the socket without a ticket or a token (quality row W06)."""
    credentials = {"ticket", "token"} & parse_query(scope).keys()
    return bool(get_origin(scope)) and not credentials and not is_same_origin(scope)


async def authenticate(scope: dict[str, Any]) -> Caller | None:
    """Return the caller of a handshake, or None. Cookies are accepted only from pages of this site."""
    query = parse_query(scope)
    if query.get("ticket"):
        return await _caller_of_ticket(query["ticket"])
    if "token" in query:
        return await _caller_of_token(query["token"])
    if not is_same_origin(scope):
        return None
    by_cookie = await _caller_of_token(scope.get("cookies", {}).get(settings.ACCESS_COOKIE, ""))
    return by_cookie or await _caller_of_session(scope)


@database_sync_to_async
def _caller_of_ticket(raw: str) -> Caller | None:
    ticket = use_ticket(ticket=raw)
    if ticket is None:
        return None
    login = ticket.session
    user = limit_to_login(ticket.user, login)
    until = login.expires_at if login else None
    return Caller(user.pk, ticket.session_id, until=until, is_limited=user.is_limited)


@database_sync_to_async
def _caller_of_token(raw: str) -> Caller | None:
    token = user_token(raw) if raw else None
    session = live_session(token.payload) if token is not None else None
    if token is None or session is None:
        return None
    until = datetime.fromtimestamp(token["exp"], tz=UTC)
    return Caller(session.user_id, session.pk, until=until, is_limited=session.user.is_limited)


async def _caller_of_session(scope: dict[str, Any]) -> Caller | None:
    user = await get_user(scope)
    if not isinstance(user, User) or not user.is_active:
        return None
    key = scope["session"].session_key
    await database_sync_to_async(limit_to_browser)(user, key)
    session_hash = user.get_session_auth_hash()
    return Caller(user.pk, session_key=key, session_hash=session_hash, is_limited=user.is_limited)


def filter_authenticated(callers: Collection[Caller]) -> set[Caller]:
    """Return the callers with an active user, a live login or session, and an unexpired token. Three queries."""
    login_ids = {caller.login_id for caller in callers if caller.login_id}
    logins = LoginSession.objects.live().filter(pk__in=login_ids, user__is_active=True)
    live_logins = set(logins.values_list("pk", flat=True))
    keys = {caller.session_key for caller in callers if caller.session_key}
    now = timezone.now()
    sessions = Session.objects.filter(session_key__in=keys, expire_date__gt=now)
    live_keys = set(sessions.values_list("session_key", flat=True))
    user_ids = {caller.user_id for caller in callers if not caller.login_id}
    hashes = {user.pk: user.get_session_auth_hash() for user in User.objects.filter(pk__in=user_ids, is_active=True)}

    def is_authenticated(caller: Caller) -> bool:
        if caller.until is not None and caller.until <= now:
            return False
        if caller.login_id:
            return caller.login_id in live_logins
        if caller.session_key:
            return caller.session_key in live_keys and hashes.get(caller.user_id) == caller.session_hash
        return caller.user_id in hashes

    return {caller for caller in callers if is_authenticated(caller)}
