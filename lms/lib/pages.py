"""What page views share: showing what a service refused, and remembering where to go."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from lms.lib.errors import DomainError


def attempt(form: BaseForm, write: Callable[..., Any], **fields: Any) -> Any:
    """Return what a service makes; put what it refuses onto the form, and return None. Nothing typed is lost.

    An error that `needs_a_page` is raised on: the view shows more of it than a sentence."""
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


def attempt_or_say(request: HttpRequest, write: Callable[..., Any], **fields: Any) -> Any:
    """Return what a service makes; tell the visitor what it refuses, and return None. For buttons without a form."""
    try:
        return write(**fields)
    except DomainError as error:
        messages.error(request, str(error.detail))
    return None


def go_on(request: HttpRequest, address: str) -> HttpResponse:
    """Return a redirect. The script that shows an upload's progress gets the address as JSON: it would follow the
    redirect itself, and use up the messages that the next page shows."""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"location": address})
    return redirect(address)
