"""Who opens a WebSocket: a ticket or an access token in the query; from this site, the cookie pair or the browser's
session (QUALITY W01, W03, W06)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.auth import get_user
from channels.db import database_sync_to_async
from django.conf import settings

from accounts.authentication import user_token
from accounts.models import User
from accounts.signing_in import use_ticket
from accounts.tokens import live_session


def query_of(scope: dict[str, Any]) -> dict[str, str]:
    """Return the query of the handshake, the last value of each name."""
    pairs = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return {name: values[-1] for name, values in pairs.items()}


def comes_from_this_site(scope: dict[str, Any]) -> bool:
    """Return whether the handshake's `Origin` is the site's own: the host it was sent to, or SITE_URL."""
    headers = dict(scope.get("headers", []))
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    return bool(origin) and (urlsplit(origin).netloc == host or origin == settings.SITE_URL)


async def user_at_the_door(scope: dict[str, Any]) -> User | None:
    """Return whose socket this is; None when nothing shows it. A cookie counts only from a page of this site."""
    query = query_of(scope)
    if query.get("ticket"):
        return await _user_of_ticket(query["ticket"])
    if query.get("token"):
        return await _user_of_token(query["token"])
    if not comes_from_this_site(scope):
        return None
    by_cookie = await _user_of_token(scope.get("cookies", {}).get(settings.ACCESS_COOKIE, ""))
    if by_cookie is not None:
        return by_cookie
    user = await get_user(scope)
    return user if isinstance(user, User) and user.is_active else None


@database_sync_to_async
def _user_of_ticket(raw: str) -> User | None:
    return use_ticket(ticket=raw)


@database_sync_to_async
def _user_of_token(raw: str) -> User | None:
    token = user_token(raw)
    session = live_session(token.payload) if token is not None else None
    return session.user if session is not None else None
