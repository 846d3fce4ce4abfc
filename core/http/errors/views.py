"""Error responses outside of views: a page, or the one error shape under `/api/`."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.http.errors import error_body
from core.registry import Registry

# Returns the page to show instead of the general 404 page, or None.
Explanation = Callable[[HttpRequest], HttpResponse | None]
explanations: Registry[Explanation] = Registry("an explanation of a missing page")


def _error_response(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """Return the error as JSON under `/api/`, as a page elsewhere."""
    if request.path_info.startswith("/api/"):
        kind = "server_error" if status >= 500 else "client_error"
        return JsonResponse(error_body(kind, code, detail), status=status)
    context = {"status": status, "detail": detail}
    return render(request, [f"errors/{status}.html", "errors/error.html"], context, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Return 400 for a request that cannot be parsed."""
    detail = exception if isinstance(exception, str) else _("The request could not be read.")
    return _error_response(request, 400, "bad_request", detail)


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Return 403 for an action that the user may not perform."""
    detail = str(exception or "") or _("You don't have permission to do this.")
    return _error_response(request, 403, "permission_denied", detail)


def forbidden(request: HttpRequest, code: str, detail: str) -> HttpResponse:
    """Return 403 with a specific code and sentence."""
    return _error_response(request, 403, code, detail)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return 403 for a form without a valid CSRF token, mostly one left open for longer than the session."""
    detail = _("This form has expired, or your browser blocks cookies. Go back, reload the page and try again.")
    return _error_response(request, 403, "csrf_failed", detail)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Return 404, the same for what does not exist and for what the user may not see.

    A page may have an explanation for a user who had access before.
    """
    if not request.path_info.startswith("/api/"):
        for explain in explanations:
            response = explain(request)
            if response is not None:
                return response
    return _error_response(request, 404, "not_found", _("This page doesn't exist, or you don't have access to it."))


def too_many_requests(request: HttpRequest, *, retry_after: int) -> HttpResponse:
    """Return 429 with `Retry-After` in seconds."""
    response = _error_response(request, 429, "throttled", _("Too many requests. Try again in a minute."))
    response["Retry-After"] = str(retry_after)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 500. The log has the traceback under the request's id."""
    detail = _("Something went wrong on our side. It wasn't caused by anything you did.")
    return _error_response(request, 500, "error", detail)


def error_response(request: HttpRequest, status: int) -> HttpResponse:
    """Return the response for an error of which only the status is known."""
    known = {400: bad_request, 403: permission_denied, 404: not_found}
    if status in known:
        return known[status](request)
    if status >= 500:
        return server_error(request)
    phrase = HTTPStatus(status).phrase
    return _error_response(request, status, phrase.lower().replace(" ", "_"), phrase)
