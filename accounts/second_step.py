"""What a browser remembers between the two steps of a login."""

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import mfa
from accounts.models import Challenge

KEY = "accounts.second_step"


def keep(request: HttpRequest, challenge: Challenge, wanted: str) -> None:
    """Remember the challenge, and where to go after it, in the visitor's session, which opens nothing yet.

    An address of another site is forgotten (QUALITY A11).
    """
    if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        wanted = resolve_url(settings.LOGIN_REDIRECT_URL)
    request.session[KEY] = {"token": mfa.token_of(challenge), "method": challenge.method, "next": wanted}


def kept(request: HttpRequest) -> dict[str, str] | None:
    """Return what `keep` remembered, or None."""
    found: dict[str, str] | None = request.session.get(KEY)
    return found


def forget(request: HttpRequest) -> None:
    """Forget the challenge: it is over."""
    request.session.pop(KEY, None)
