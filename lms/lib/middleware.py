"""Middleware that every request passes, one function each."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url
from django.urls import is_valid_path
from django.utils.cache import patch_cache_control, patch_vary_headers

from lms.lib import request_id as request_ids
from lms.lib.error_views import answer_error, bad_request, not_found

API_PREFIX = "/api/"
UNSENT_COOKIE = "unsent"
# What shrinks to a fifth of its size. Files are packed already, or are asked for in ranges.
COMPRESSIBLE = ("text/html", "application/json", "image/svg+xml")

GetResponse = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id that stands in its log lines, its audit entries and its answer's `X-Request-ID`."""

    def middleware(request: HttpRequest) -> HttpResponse:
        new_id = request_ids.new_request_id()
        request.request_id = new_id  # type: ignore[attr-defined]  # the log's filter reads it
        with request_ids.scope(new_id=new_id, from_address=request_ids.client_address(request)):
            response = get_response(request)
        response["X-Request-ID"] = new_id
        return response

    return middleware


def storable_text_only(get_response: GetResponse) -> GetResponse:
    """Answer 400 to a path or query with a NUL byte or an overlong query: no database column takes the one, no page
    needs the other (QUALITY X03)."""
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
    """Answer every API path with and without its trailing slash: no redirect, no lost body (API.md, "Paths")."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(API_PREFIX) and not is_valid_path(path):
            other = path[:-1] if path.endswith("/") else f"{path}/"
            if is_valid_path(other):
                request.path_info = other
        return get_response(request)

    return middleware


def private_unless_public(get_response: GetResponse) -> GetResponse:
    """Keep answers that depend on who asks out of shared caches; views of public content say otherwise themselves."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            user = getattr(request, "user", None)
            if user is not None and user.is_authenticated:
                patch_cache_control(response, private=True, no_cache=True)
            patch_vary_headers(response, ["Cookie", "Authorization"])
        return response

    return middleware


def forms_acknowledged(get_response: GetResponse) -> GetResponse:
    """Take back the cookie that a page sent with its form, once the form is taken.

    As long as it stands, unsent.js keeps what was typed: after an error, after a login was asked for, and where the
    request never came here.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method != "POST" or UNSENT_COOKIE not in request.COOKIES or request.path_info.startswith(API_PREFIX):
            return response
        is_form = request.headers.get("Accept", "*/*") != "*/*"  # what a script keeps meanwhile is no form
        to_login = getattr(response, "url", "").startswith(resolve_url(settings.LOGIN_URL))
        if is_form and response.status_code < HTTPStatus.BAD_REQUEST and not to_login:
            response.delete_cookie(UNSENT_COOKIE, samesite="Lax")
        return response

    return middleware


def compressed(get_response: GetResponse) -> GetResponse:
    """Compress pages and answers of the API for those who take it, so that no proxy need be taught to.

    Whoever can make a browser ask, and sees how long the answers are, learns nothing of the secrets in them: Django
    masks its CSRF tokens anew for every page, and writes a name of random length into what it compresses (BREACH).
    """
    compress = GZipMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.streaming or not response.get("Content-Type", "").startswith(COMPRESSIBLE):
            return response
        return compress.process_response(request, response)  # type: ignore[return-value]  # what it was given

    return middleware


class HonestErrors:
    """Sees that errors look in development as they do in production: no HTML below `/api/`, whatever raised them, and
    the site's own page where a view finds nothing. Django's debug pages stay for addresses that no view has, and for
    exceptions of pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; put an API error that came out as HTML into the one shape."""
        response = self.get_response(request)
        is_html = response.get("Content-Type", "").startswith("text/html")
        if response.status_code >= 400 and is_html and request.path_info.startswith(API_PREFIX):
            return answer_error(request, response.status_code)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Show the site's page for what a view does not find."""
        return not_found(request, exception) if isinstance(exception, Http404) else None
