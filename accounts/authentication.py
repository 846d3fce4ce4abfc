"""Authentication of API requests, by bearer token or cookie."""

import uuid
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from accounts import impersonation
from accounts.models import User
from accounts.tokens import ACT_CLAIM, live_session
from core.access.impersonation import is_refused


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token>`, accepted while the token's login is live (quality row A02)."""

    def authenticate(self, request: Request) -> Any:
        """Return the user and token of the header, or None.

        Raises PermissionDenied if an impersonation is not allowed to make this request.
        """
        found = super().authenticate(request)
        if found is not None:
            apply_impersonation(request, found[1])
        return found

    def get_validated_token(self, raw_token: bytes) -> Token:
        """Return the validated token; every fault raises the same error, so that a forger learns no details."""
        token = user_token(raw_token.decode("latin-1"))
        if token is None:
            raise AuthenticationFailed(_("This token is invalid or has expired. Log in again."), code="token_not_valid")
        return token

    def get_user(self, validated_token: Any) -> Any:
        """Return the user of the token's login; raise AuthenticationFailed if it has ended. One query."""
        session = live_session(validated_token.payload)
        if session is None:
            raise AuthenticationFailed(_("This session has ended. Log in again."), code="token_not_valid")
        return session.user


class CookieAuthentication(BaseAuthentication):
    """The access token in the cookie of `/auth/login-cookie`; unsafe methods need `X-CSRFToken` (quality row A09).

    An expired cookie counts as none, because browsers send it with every request.
    """

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """Return the user and token of the cookie, or None; raise PermissionDenied without a CSRF token."""
        token = user_token(request.COOKIES.get(settings.ACCESS_COOKIE, ""))
        session = live_session(token.payload) if token is not None else None
        if token is None or session is None:
            return None
        enforce_csrf(request)
        apply_impersonation(request, token)
        return session.user, token


def apply_impersonation(request: Request, token: Token) -> None:
    """Record the impersonating staff member if the token has the `act` claim.

    Raises PermissionDenied `not_while_impersonating` (403) for requests that the view's policy refuses (quality row
    M02).
    """
    acting: Any = token.payload.get(ACT_CLAIM)
    if acting is None:
        return
    impersonation.set_acting_context(actor_id=uuid.UUID(acting["sub"]), user_id=uuid.UUID(token["user_id"]))
    if is_refused(request):
        raise PermissionDenied(impersonation.refusal_message(), code="not_while_impersonating")


def enforce_csrf(request: Request) -> None:
    """Raise PermissionDenied `csrf_failed` (403) for an unsafe request without this site's CSRF token.

    DRF exempts its views from Django's own check; endpoints that accept a browser's cookies need it.
    """
    check = CSRFCheck(lambda _request: None)  # type: ignore[arg-type]  # never called: there is no next middleware
    check.process_request(request)
    if check.process_view(request, None, (), {}):  # type: ignore[arg-type]  # only an exempt view would matter
        raise PermissionDenied(
            _("CSRF token missing or invalid. Send the token from GET /auth/csrf in the X-CSRFToken header."),
            code="csrf_failed",
        )


def user_token(raw: str) -> AccessToken | None:
    """Return the access token if its signature, type, age, issuer and audience are valid, else None."""
    try:
        return AccessToken(raw)  # type: ignore[arg-type]  # the stub names the class, the code takes text
    except TokenError:
        return None
