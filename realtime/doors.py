"""Who opens a WebSocket: a ticket or an access token in the query; from this site, the cookie pair or the browser's
session (QUALITY W01, W03, W06). And who, of those inside, may stay (W05)."""

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
from accounts.models import LoginSession, User
from accounts.signing_in import use_ticket
from accounts.tokens import live_session


@dataclass(frozen=True)
class Caller:
    """Whose socket it is, and what lets them in: a login of the API, or a browser's session; until when at most.

    `session_hash` is what Django keeps in a session to notice another password.
    """

    user_id: uuid.UUID
    login_id: uuid.UUID | None = None
    session_key: str = ""
    session_hash: str = ""
    until: datetime | None = None


def query_of(scope: dict[str, Any]) -> dict[str, str]:
    """Return the query of the handshake, the last value of each name."""
    pairs = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return {name: values[-1] for name, values in pairs.items()}


def origin_of(scope: dict[str, Any]) -> str:
    """Return the handshake's `Origin`, which browsers always send; an empty text without one."""
    return dict(scope.get("headers", [])).get(b"origin", b"").decode("latin-1")


def comes_from_this_site(scope: dict[str, Any]) -> bool:
    """Return whether the handshake's `Origin` is the site's own: the host it was sent to, or SITE_URL."""
    origin = origin_of(scope)
    host = dict(scope.get("headers", [])).get(b"host", b"").decode("latin-1")
    return bool(origin) and (urlsplit(origin).netloc == host or origin == settings.SITE_URL)


def comes_from_elsewhere(scope: dict[str, Any]) -> bool:
    """Return whether a page of another site asks with nothing but what the browser sends by itself (QUALITY W06)."""
    brings_its_own = {"ticket", "token"} & query_of(scope).keys()
    return bool(origin_of(scope)) and not brings_its_own and not comes_from_this_site(scope)


async def caller_at_the_door(scope: dict[str, Any]) -> Caller | None:
    """Return whose socket this is; None when nothing shows it. A cookie counts only from a page of this site."""
    query = query_of(scope)
    if query.get("ticket"):
        return await _caller_of_ticket(query["ticket"])
    if "token" in query:
        return await _caller_of_token(query["token"])
    if not comes_from_this_site(scope):
        return None
    by_cookie = await _caller_of_token(scope.get("cookies", {}).get(settings.ACCESS_COOKIE, ""))
    return by_cookie or await _caller_of_session(scope)


@database_sync_to_async
def _caller_of_ticket(raw: str) -> Caller | None:
    ticket = use_ticket(ticket=raw)
    if ticket is None:
        return None
    return Caller(ticket.user_id, ticket.session_id, until=ticket.session.expires_at if ticket.session else None)


@database_sync_to_async
def _caller_of_token(raw: str) -> Caller | None:
    token = user_token(raw) if raw else None
    session = live_session(token.payload) if token is not None else None
    if token is None or session is None:
        return None
    return Caller(session.user_id, session.pk, until=datetime.fromtimestamp(token["exp"], tz=UTC))


async def _caller_of_session(scope: dict[str, Any]) -> Caller | None:
    user = await get_user(scope)
    if not isinstance(user, User) or not user.is_active:
        return None
    return Caller(user.pk, session_key=scope["session"].session_key, session_hash=user.get_session_auth_hash())


def those_who_may_stay(callers: Collection[Caller]) -> set[Caller]:
    """Return the callers whose user is active, whose login or session lives, whose token has not run out.

    Three queries, however many callers.
    """
    logins = {caller.login_id for caller in callers if caller.login_id}
    live = LoginSession.objects.live().filter(pk__in=logins, user__is_active=True)
    live_logins = set(live.values_list("pk", flat=True))
    keys = {caller.session_key for caller in callers if caller.session_key}
    now = timezone.now()
    open_sessions = Session.objects.filter(session_key__in=keys, expire_date__gt=now)
    live_keys = set(open_sessions.values_list("session_key", flat=True))
    others = {caller.user_id for caller in callers if not caller.login_id}
    hashes = {user.pk: user.get_session_auth_hash() for user in User.objects.filter(pk__in=others, is_active=True)}

    def may_stay(caller: Caller) -> bool:
        if caller.until is not None and caller.until <= now:
            return False
        if caller.login_id:
            return caller.login_id in live_logins
        if caller.session_key:
            return caller.session_key in live_keys and hashes.get(caller.user_id) == caller.session_hash
        return caller.user_id in hashes

    return {caller for caller in callers if may_stay(caller)}
