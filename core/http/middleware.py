"""Middleware of every request."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar, cast

from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url
from django.urls import is_valid_path
from django.utils.cache import patch_cache_control, patch_vary_headers

from core.http import request_id as request_ids
from core.http.errors.views import bad_request, error_response, not_found

API_PREFIX = "/api/"
UNSENT_COOKIE = "unsent"
# Types that shrink to a fifth. Files are compressed already, or requested in ranges.
COMPRESSIBLE = ("text/html", "application/json", "image/svg+xml")

GetResponse = Callable[[HttpRequest], HttpResponse]
View = TypeVar("View", bound=Callable[..., HttpResponse])

# Decorator of pages that show other pages of this site in frames. Cast: django-csp's types allow no view arguments.
allow_frames: Callable[[View], View] = cast(Any, csp_update({"frame-src": ["'self'"]}))


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id, for its log lines, its audit entries and the header `X-Request-ID`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        new_id = request_ids.new_request_id()
        request.request_id = new_id  # type: ignore[attr-defined]  # the log's filter reads it
        with request_ids.scope(new_id=new_id, from_address=request_ids.client_address(request)):
            response = get_response(request)
        response["X-Request-ID"] = new_id
        return response

    return middleware


def reject_unstorable_urls(get_response: GetResponse) -> GetResponse:
    """Answer 400 to a path or query with a NUL byte, which no database stores, and to an overlong query.

    Source: quality row X03.
    """
    longest_query = 8_192

    def middleware(request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path_info or "%00" in query or "\0" in query:
            return bad_request(request, "The address contains a NUL byte.")
        if len(query) > longest_query:
            return bad_request(request, f"The query is longer than {longest_query} characters.")
        return get_response(request)

    return middleware


def optional_api_slash(get_response: GetResponse) -> GetResponse:
    """Answer every API path with and without its trailing slash, without a redirect that would lose the body.

    Source: docs/api-contract.md, "Paths".
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(API_PREFIX) and not is_valid_path(path):
            other = path[:-1] if path.endswith("/") else f"{path}/"
            if is_valid_path(other):
                request.path_info = other
        return get_response(request)

    return middleware


def private_by_default(get_response: GetResponse) -> GetResponse:
    """Keep responses that depend on the user out of shared caches, unless the view sets `Cache-Control`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            user = getattr(request, "user", None)
            if user is not None and user.is_authenticated:
                patch_cache_control(response, private=True, no_cache=True)
            patch_vary_headers(response, ["Cookie", "Authorization"])
        return response

    return middleware


def acknowledge_forms(get_response: GetResponse) -> GetResponse:
    """Delete the cookie that a page set with its form, once the form is accepted.

    While the cookie exists, unsent.js keeps the typed text: after an error, after a redirect to the login, and after a
    request that never arrived.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method != "POST" or UNSENT_COOKIE not in request.COOKIES or request.path_info.startswith(API_PREFIX):
            return response
        is_form = request.headers.get("Accept", "*/*") != "*/*"  # autosave requests of scripts are not forms
        to_login = getattr(response, "url", "").startswith(resolve_url(settings.LOGIN_URL))
        if is_form and response.status_code < HTTPStatus.BAD_REQUEST and not to_login:
            response.delete_cookie(UNSENT_COOKIE, samesite="Lax")
        return response

    return middleware


def compress_responses(get_response: GetResponse) -> GetResponse:
    """Compress pages and API responses, so that no proxy has to.

    The length of a response reveals no secret in it (BREACH): Django masks the CSRF token of every page differently,
    and adds a file name of random length to what it compresses.
    """
    compress = GZipMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.streaming or not response.get("Content-Type", "").startswith(COMPRESSIBLE):
            return response
        return compress.process_response(request, response)  # type: ignore[return-value]  # GZipMiddleware returns the response that it was given

    return middleware


class ConsistentErrors:
    """Return the same errors in development as in production: no HTML under `/api/`, and the site's own 404 page.

    Django's debug pages remain for URLs without a view, and for exceptions of pages.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response, in the one error shape if it is an HTML error under `/api/`."""
        response = self.get_response(request)
        is_html = response.get("Content-Type", "").startswith("text/html")
        if response.status_code >= 400 and is_html and request.path_info.startswith(API_PREFIX):
            return error_response(request, response.status_code)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the site's 404 page when a view raises Http404."""
        return not_found(request, exception) if isinstance(exception, Http404) else None
