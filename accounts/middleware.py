"""Middleware that depends on the user: language, time zone and impersonation."""

import zoneinfo
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts import impersonation, privileges
from accounts.models import User
from core.access.impersonation import is_refused
from core.http.errors.views import forbidden

GetResponse = Callable[[HttpRequest], HttpResponse]


def limit_privileges(get_response: GetResponse) -> GetResponse:
    """Limit `request.user` to the privileges that count in the browser's login; lazily, as Django loads the user."""

    def middleware(request: HttpRequest) -> HttpResponse:
        found = request.user

        def limited() -> Any:
            if isinstance(found, User):
                privileges.limit_to_browser(found, request.session.session_key)
            return found

        request.user = SimpleLazyObject(limited)  # type: ignore[assignment]  # as Django's own middleware does
        request.auser = sync_to_async(limited)
        return get_response(request)

    return middleware


def reader_language(get_response: GetResponse) -> GetResponse:
    """Activate the language of the user's profile, except for the API, which uses `Accept-Language`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            return get_response(request)
        language = getattr(request.user, "language", "")
        if language not in dict(settings.LANGUAGES):
            return get_response(request)
        with translation.override(language):
            response = get_response(request)
        response.headers["Content-Language"] = language
        return response

    return middleware


def reader_time_zone(get_response: GetResponse) -> GetResponse:
    """Activate the time zone of the user's profile; the API uses UTC."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone_for(request)):
            return get_response(request)

    return middleware


def _zone_for(request: HttpRequest) -> tzinfo | None:
    """Return the time zone of a request; None for the site's default."""
    if request.path_info.startswith("/api/"):
        return UTC
    name = getattr(request.user, "time_zone", "")
    return zoneinfo.ZoneInfo(name) if name else None


class Impersonation:
    """Replaces `request.user` by the impersonated user, and refuses requests that the view's policy forbids.

    Must come after all middleware that determines the user. Requests with a token are anonymous here; the API's
    authentication does the same for them (`accounts.authentication`).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            self._impersonate(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Return 403 in place of the view if its policy refuses the request."""
        if getattr(request, "impersonation", None) is not None and is_refused(request):
            return forbidden(request, "not_while_impersonating", impersonation.refusal_message())
        return None

    def _impersonate(self, request: HttpRequest) -> None:
        login_id = request.session.get(impersonation.SESSION_KEY)
        if login_id is None or not request.user.is_authenticated:
            return
        login = impersonation.get_active_login(login_id=login_id, actor=request.user)
        if login is None:
            del request.session[impersonation.SESSION_KEY]
            messages.info(
                request, _("You are back in your own account. Logging in as another user ends after 30 minutes.")
            )
            return
        request.user = login.user
        request.impersonation = login  # type: ignore[attr-defined]  # templates show it
        impersonation.set_acting_context(actor_id=login.actor_id, user_id=login.user_id)
