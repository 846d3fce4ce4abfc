"""Middleware that needs to know who asks."""

import zoneinfo
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import impersonation
from lms.lib.error_views import forbidden

GetResponse = Callable[[HttpRequest], HttpResponse]


def reader_language(get_response: GetResponse) -> GetResponse:
    """Speak the language that the reader chose, whatever their browser asks for; the API goes by `Accept-Language`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            return get_response(request)
        chosen = getattr(request.user, "language", "")
        if chosen not in dict(settings.LANGUAGES):
            return get_response(request)
        with translation.override(chosen):
            response = get_response(request)
        response.headers["Content-Language"] = chosen
        return response

    return middleware


def reader_time_zone(get_response: GetResponse) -> GetResponse:
    """Show times in the reader's time zone; the API answers in UTC whatever they or the site chose."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone_for(request)):
            return get_response(request)

    return middleware


def _zone_for(request: HttpRequest) -> tzinfo | None:
    """Return the zone in which a request is answered; None for the site's own."""
    if request.path_info.startswith("/api/"):
        return UTC
    name = getattr(request.user, "time_zone", "")
    return zoneinfo.ZoneInfo(name) if name else None


class Impersonation:
    """Puts the person whose name a browser acts in into `request.user`, and refuses what is not done in another's name.

    Stands behind everything that finds out who logged in. Requests with a token come through here as anonymous; the
    API's authentication does the same for them (accounts.authentication).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Take on the person's name for this request, if this browser acts in one."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            self._take_on(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Answer 403 in the view's place where it is out of reach."""
        if getattr(request, "impersonation", None) is not None and impersonation.is_refused(request):
            return forbidden(request, "not_while_impersonating", impersonation.refusal())
        return None

    def _take_on(self, request: HttpRequest) -> None:
        login_id = request.session.get(impersonation.KEY)
        if login_id is None or not request.user.is_authenticated:
            return
        login = impersonation.live(login_id=login_id, actor=request.user)
        if login is None:
            del request.session[impersonation.KEY]
            messages.info(request, _("You are back in your own account: acting for somebody ends after half an hour."))
            return
        # Nobody has shown a second factor in the person's name.
        login.user.otp_device, login.user.is_verified = None, lambda: False  # type: ignore[attr-defined]  # as django-otp's middleware does
        request.user = login.user
        request.impersonation = login  # type: ignore[attr-defined]  # templates show it
        impersonation.enter(actor_id=login.actor_id, user_id=login.user_id)
