"""Calls of services from page views, and the redirect after them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from core.http.errors import DomainError


def call_service(form: BaseForm, write: Callable[..., Any], **fields: Any) -> Any:
    """Return the result of a service, or None after adding its error to the form, which keeps what was typed.

    An error that `needs_a_page` is raised again: the view shows more than its sentence.
    """
    try:
        return write(**fields)
    except DomainError as error:
        if error.needs_a_page:
            raise
        form.add_error(None, str(error.detail))
    except ValidationError as error:
        known = {name: errors for name, errors in error.message_dict.items() if name in form.fields}
        other = [text for name, errors in error.message_dict.items() if name not in known for text in errors]
        form.add_error(None, ValidationError({**known, **({"__all__": other} if other else {})}))
    return None


def call_or_show_message(request: HttpRequest, write: Callable[..., Any], **fields: Any) -> Any:
    """Return the result of a service, or None after showing its error as a message; for buttons without a form."""
    try:
        return write(**fields)
    except DomainError as error:
        messages.error(request, str(error.detail))
    return None


def redirect_or_location(request: HttpRequest, address: str) -> HttpResponse:
    """Return a redirect; as JSON for the upload script, which would otherwise follow it and use up the messages."""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"location": address})
    return redirect(address)
