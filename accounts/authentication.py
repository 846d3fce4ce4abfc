"""How a request to the API says who it is from."""

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


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token>`, let in while the login that it descends from is live (QUALITY A02)."""

    def authenticate(self, request: Request) -> Any:
        """Return the user and token of the header, or None; raise PermissionDenied for what nobody does in another's
        name."""
        found = super().authenticate(request)
        if found is not None:
            take_on(request, found[1])
        return found

    def get_validated_token(self, raw_token: bytes) -> Token:
        """Return the checked token; one sentence for whatever is wrong with it, so that a forger learns nothing."""
        token = user_token(raw_token.decode("latin-1"))
        if token is None:
            raise AuthenticationFailed(_("This token is not valid, or not any more."), code="token_not_valid")
        return token

    def get_user(self, validated_token: Any) -> Any:
        """Return the user of the token's login; raise AuthenticationFailed when it has ended. One query."""
        session = live_session(validated_token.payload)
        if session is None:
            raise AuthenticationFailed(_("This login has ended. Sign in again."), code="token_not_valid")
        return session.user


class CookieAuthentication(BaseAuthentication):
    """The access token in the cookie that `/auth/login-cookie` sets; unsafe methods need `X-CSRFToken` (QUALITY A09).

    A cookie that has run out counts as none: the browser sends it whether anybody wants it or not.
    """

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """Return the user and token of the request's cookie, or None; raise PermissionDenied without a CSRF token."""
        token = user_token(request.COOKIES.get(settings.ACCESS_COOKIE, ""))
        session = live_session(token.payload) if token is not None else None
        if token is None or session is None:
            return None
        enforce_csrf(request)
        take_on(request, token)
        return session.user, token


def take_on(request: Request, token: Token) -> None:
    """Note who acts in the user's name, where the token says that somebody does; raise PermissionDenied
    `not_while_impersonating` (403) for what is out of their reach (QUALITY M02)."""
    acting: Any = token.payload.get(ACT_CLAIM)
    if acting is None:
        return
    impersonation.enter(actor_id=uuid.UUID(acting["sub"]), user_id=uuid.UUID(token["user_id"]))
    if impersonation.is_refused(request._request):
        raise PermissionDenied(impersonation.refusal(), code="not_while_impersonating")


def enforce_csrf(request: Request) -> None:
    """Raise PermissionDenied `csrf_failed` (403) for an unsafe request without this site's CSRF token.

    DRF exempts its views from Django's own check; doors that a browser's cookies open need it back.
    """
    check = CSRFCheck(lambda _request: None)  # type: ignore[arg-type]  # never called: there is no next middleware
    check.process_request(request._request)
    if check.process_view(request._request, None, (), {}):  # type: ignore[arg-type]  # it looks at no view but an exempt one
        raise PermissionDenied(_("Send the CSRF token of GET /auth/csrf as X-CSRFToken."), code="csrf_failed")


def user_token(raw: str) -> AccessToken | None:
    """Return an access token of ours whose signature, type, age, issuer and audience hold; None otherwise."""
    try:
        return AccessToken(raw)  # type: ignore[arg-type]  # the stub names the class, the code takes text
    except TokenError:
        return None
