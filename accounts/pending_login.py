"""State of a login between password and second factor, stored in the visitor's session."""

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import mfa
from accounts.models import Challenge

SESSION_KEY = "accounts.pending_login"


def store(request: HttpRequest, challenge: Challenge, next_url: str) -> None:
    """Store the challenge and the next page in the visitor's anonymous session.

    URLs of other sites are replaced by the default (quality row A11).
    """
    if not url_has_allowed_host_and_scheme(next_url, {request.get_host()}, request.is_secure()):
        next_url = resolve_url(settings.LOGIN_REDIRECT_URL)
    request.session[SESSION_KEY] = {
        "token": mfa.sign_challenge(challenge),
        "method": challenge.method,
        "next": next_url,
    }


def load(request: HttpRequest) -> dict[str, str] | None:
    """Return the stored state, or None."""
    found: dict[str, str] | None = request.session.get(SESSION_KEY)
    return found


def clear(request: HttpRequest) -> None:
    """Remove the stored state."""
    request.session.pop(SESSION_KEY, None)
