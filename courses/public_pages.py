"""Pages and API lists that are the same for every visitor, made once and then taken from the cache.

Only for people without a session, a message or a token; everybody else passes by. A kept page is good while the
catalogue's stamp and the site's settings stand, and at most a minute: that is how late the few things come that do not
move the stamp (an instructor's new name). Its ETag is of its content, so an unchanged page is a 304 at the price of one
query, whichever process made it.
"""

import hashlib
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from courses.stamp import catalogue_stamp
from lms.platform.models import SiteSettings

GOOD_FOR = 60
LONGEST_QUERY = 200


class PublicPageMixin:
    """Serves what visitors GET from the cache: for pages, and for viewsets whose answers are public."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return the kept page; make and keep it first where there is none."""
        if not is_for_everybody(request):
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
        key = kept_under(request)
        kept = cache.get(key) if may_keep(request) else None
        if kept is None:
            answer = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
            if isinstance(answer, SimpleTemplateResponse):  # DRF's are such, too
                answer.render()
            if answer.status_code != 200 or answer.cookies or request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
                return answer
            kept = answer.headers["Content-Type"], answer.content
            if may_keep(request):
                cache.set(key, kept, GOOD_FOR)
        kind, page = kept
        headers = {"Cache-Control": "public, no-cache", "ETag": etag_of(page)}
        response = HttpResponse(page, content_type=kind, headers=headers)
        patch_vary_headers(response, ["Cookie", "Authorization"])
        return response


def is_for_everybody(request: HttpRequest) -> bool:
    """Return whether this request gets what every visitor gets: it brings nothing that says who asks."""
    personal = (settings.SESSION_COOKIE_NAME, settings.ACCESS_COOKIE, "messages")
    return (
        request.method in ("GET", "HEAD")
        and not any(name in request.COOKIES for name in personal)
        and "Authorization" not in request.headers
    )


def may_keep(request: HttpRequest) -> bool:
    """Return whether others are likely to ask for the same: not what somebody searches for, and no endless address."""
    return "search" not in request.GET and len(request.META.get("QUERY_STRING", "")) <= LONGEST_QUERY


def kept_under(request: HttpRequest) -> str:
    """Return the cache's key of this address, as the catalogue and the settings stand. One query."""
    site = SiteSettings.current()
    shown = {field.attname: getattr(site, field.attname) for field in site._meta.concrete_fields}
    minute = int(time.time() // GOOD_FOR)
    parts = [request.get_host(), request.get_full_path(), catalogue_stamp(), sorted(shown.items()), minute]
    parts += [get_language(), settings.DEBUG, settings.ALLOW_PUBLIC_REGISTRATION]
    return "public-answer:" + hashlib.sha256(repr(parts).encode()).hexdigest()


def etag_of(page: bytes) -> str:
    """Return the page's ETag."""
    return f'"{hashlib.sha256(page).hexdigest()[:32]}"'
