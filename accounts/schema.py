"""How the OpenAPI document describes our ways to sign in; importing it registers it."""

from typing import Any

from django.conf import settings
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerScheme(SimpleJWTScheme):
    """`Authorization: Bearer <access token>`."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"


class CookieScheme(OpenApiAuthenticationExtension):
    """The cookie pair, with `X-CSRFToken` on unsafe methods."""

    target_class = "accounts.authentication.CookieAuthentication"
    name = "accessCookie"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return how the OpenAPI document names the cookie."""
        return {"type": "apiKey", "in": "cookie", "name": settings.ACCESS_COOKIE}
