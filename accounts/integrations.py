"""Registrations with lower apps: user search, authentication schemes of the OpenAPI document."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from accounts.models import User, matches_person
from core.db.text_functions import SortKey
from core.site import search


class BearerScheme(SimpleJWTScheme):
    """`Authorization: Bearer <access token>`."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"


class CookieScheme(OpenApiAuthenticationExtension):
    """The token cookies, with `X-CSRFToken` on unsafe methods."""

    target_class = "accounts.authentication.CookieAuthentication"
    name = "accessCookie"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the cookie's security scheme for the OpenAPI document."""
        return {"type": "apiKey", "in": "cookie", "name": settings.ACCESS_COOKIE}


def find_people(user: Any, text: str) -> Iterator[search.Hit]:
    """Yield the users that match by name or address, for users who may view users in the admin."""
    if not user.has_perm("accounts.view_user"):
        return
    matches = User.objects.filter(matches_person(text)).order_by(SortKey("full_name"), "id")
    for person in matches[: search.MAX_HITS_PER_SOURCE]:
        yield search.Hit(person.full_name, person.email, reverse("admin:accounts_user_change", args=[person.pk]))


search.sources.register("people", search.Source("people", _("People"), "user-round", find_people))
