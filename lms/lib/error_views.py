"""The answers to requests that no view took: a page for people, the one error shape for clients of the API."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lms.lib.errors import error_body


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """Return the error as JSON under `/api/`, as a page elsewhere."""
    if request.path_info.startswith("/api/"):
        kind = "server_error" if status >= 500 else "client_error"
        return JsonResponse(error_body(kind, code, detail), status=status)
    context = {"status": status, "detail": detail}
    return render(request, [f"errors/{status}.html", "errors/error.html"], context, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400: what arrived cannot be read."""
    detail = exception if isinstance(exception, str) else _("The request could not be read.")
    return _answer(request, 400, "bad_request", detail)


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403: the visitor may see this, but may not do that."""
    return _answer(request, 403, "permission_denied", str(exception or "") or _("You may not do this."))


def forbidden(request: HttpRequest, code: str, detail: str) -> HttpResponse:
    """403 with a reason of its own."""
    return _answer(request, 403, code, detail)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form without its token, mostly one that stood open for longer than its session."""
    detail = _("This form is too old, or your browser sent no cookie. Go back, reload the page and try again.")
    return _answer(request, 403, "csrf_failed", detail)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404: it does not exist, or the visitor may not know that it does; the two answer alike."""
    return _answer(request, 404, "not_found", _("There is nothing at this address."))


def too_many_requests(request: HttpRequest, *, retry_after: int) -> HttpResponse:
    """429: more than this address may ask for; `Retry-After` says when it may again."""
    response = _answer(request, 429, "throttled", _("That was too much at once. Try again in a minute."))
    response["Retry-After"] = str(retry_after)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. The log has the rest, under the request's id."""
    return _answer(request, 500, "error", _("Something went wrong on our side. Nothing you did caused it."))


def answer_error(request: HttpRequest, status: int) -> HttpResponse:
    """Return the answer to an error of which nothing but its status is known."""
    known = {400: bad_request, 403: permission_denied, 404: not_found}
    if status in known:
        return known[status](request)
    if status >= 500:
        return server_error(request)
    return _answer(request, status, HTTPStatus(status).phrase.lower().replace(" ", "_"), HTTPStatus(status).phrase)
