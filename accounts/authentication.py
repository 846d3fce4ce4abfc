"""How a request to the API says who it is from."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from accounts.tokens import live_session


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token>`, let in while the login that it descends from is live (QUALITY A02)."""

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


def user_token(raw: str) -> AccessToken | None:
    """Return an access token of ours whose signature, type, age, issuer and audience hold; None otherwise."""
    try:
        return AccessToken(raw)  # type: ignore[arg-type]  # the stub names the class, the code takes text
    except TokenError:
        return None
