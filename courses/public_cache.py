"""Cache for pages and API lists that are the same for every visitor, and the catalog version that invalidates it.

Only requests without a session, a message or a token are served from the cache. An entry is valid for at most one
minute and only for the current catalog version and site settings. The one-minute limit covers the few changes that do
not change the catalog version, such as an instructor's new name. The ETag is a hash of the content, so an unchanged
page is a 304 for one query, regardless of the process that rendered it.

The catalog version is a number that is incremented after every change of data that visitors see. The increment is a
statement of its own after the commit, so that concurrent enrollments do not wait for the lock on its row.
"""

import hashlib
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from core.models import SiteSettings
from courses.models import CatalogueStamp

MAX_AGE_SECONDS = 60
MAX_QUERY_LENGTH = 200


def bump_catalog_version() -> None:
    """Increment the catalog version after the current transaction commits, but not if it is rolled back."""
    transaction.on_commit(_increment_version, robust=True)


def get_catalog_version() -> int:
    """Return the current catalog version. One query."""
    return CatalogueStamp.objects.values_list("number", flat=True).filter(pk=1).first() or 0


def _increment_version() -> None:
    if not CatalogueStamp.objects.filter(pk=1).update(number=F("number") + 1):
        CatalogueStamp.objects.get_or_create(pk=1, defaults={"number": 1})


class PublicPageMixin:
    """Serve anonymous GET requests from the cache; for pages and for viewsets with public responses."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the cached response; render and cache it first if there is none."""
        if not is_anonymous_request(request):
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
        key = build_cache_key(request)
        cached = cache.get(key) if is_cacheable(request) else None
        if cached is None:
            response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
            if isinstance(response, SimpleTemplateResponse):  # responses of DRF are instances, too
                response.render()
            if response.status_code != 200 or response.cookies or request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
                return response
            etag = response.headers.get("ETag") or compute_etag(response.content)
            cached = response.headers["Content-Type"], response.content, etag
            if is_cacheable(request):
                cache.set(key, cached, MAX_AGE_SECONDS)
        content_type, content, etag = cached
        headers = {"Cache-Control": "public, no-cache", "ETag": etag}
        public_response = HttpResponse(content, content_type=content_type, headers=headers)
        patch_vary_headers(public_response, ["Cookie", "Authorization"])
        return public_response


def is_anonymous_request(request: HttpRequest) -> bool:
    """Return whether the request carries no session, access token or message, and so gets the public response."""
    personal = (settings.SESSION_COOKIE_NAME, settings.ACCESS_COOKIE, "messages")
    return (
        request.method in ("GET", "HEAD")
        and not any(name in request.COOKIES for name in personal)
        and "Authorization" not in request.headers
    )


def is_cacheable(request: HttpRequest) -> bool:
    """Return whether other visitors are likely to send the same request: no search, and a query of limited length."""
    return "search" not in request.GET and len(request.META.get("QUERY_STRING", "")) <= MAX_QUERY_LENGTH


def build_cache_key(request: HttpRequest) -> str:
    """Return the cache key of a URL for the current catalog version and site settings. One query."""
    site = SiteSettings.current()
    values = {field.attname: getattr(site, field.attname) for field in site._meta.concrete_fields}
    minute = int(time.time() // MAX_AGE_SECONDS)
    parts = [request.get_host(), request.get_full_path(), get_catalog_version(), sorted(values.items()), minute]
    parts += [get_language(), settings.DEBUG, settings.ALLOW_PUBLIC_REGISTRATION]
    return "public-response:" + hashlib.sha256(repr(parts).encode()).hexdigest()


def compute_etag(content: bytes) -> str:
    """Return the ETag of a response body."""
    return f'"{_compute_digest(content)}"'


def compute_versioned_etag(content: bytes, version: int) -> str:
    """Return the ETag of a response body that shows one object, beginning with the object's version."""
    return f'"{version}-{_compute_digest(content)}"'


def _compute_digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
