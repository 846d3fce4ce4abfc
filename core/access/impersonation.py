"""Which views a staff member may use while impersonating a user, declared at the views.

By default a view may be read (GET, HEAD, OPTIONS) and refuses everything else, so that a new view is safe by default.
The two decorators take a view function, a class-based view or viewset, or a method or action of one. Pages enforce
the policy in `accounts.middleware.Impersonation`, the API in `accounts.authentication`, both through `is_refused`.
"""

from enum import Enum
from typing import Any, TypeVar

from django.http import HttpRequest
from rest_framework.request import Request

from core.access.scopes import SAFE_METHODS
from core.http.request_id import acting

ATTRIBUTE = "impersonation_policy"
ADMIN_NAMESPACE = "admin"

V = TypeVar("V")


class Policy(Enum):
    """What a view permits while its user is impersonated."""

    READ_ONLY = "read only"
    ALLOWED = "allowed"
    HIDDEN = "hidden"


def allow_while_impersonating(view: V) -> V:
    """Permit every method of a view, unsafe ones included."""
    setattr(view, ATTRIBUTE, Policy.ALLOWED)
    return view


def hide_while_impersonating(view: V) -> V:
    """Refuse every method of a view, safe ones included: account security, payment and administration."""
    setattr(view, ATTRIBUTE, Policy.HIDDEN)
    return view


def policy_of(view: Any, method: str) -> Policy:
    """Return the policy of a resolved view for an HTTP method.

    `view` is what the URL resolver returns: a function, or the function that `as_view()` made. A policy of the function
    itself comes first, then one of the handler or action, then one of the class or its bases.
    """
    view_class = getattr(view, "view_class", None) or getattr(view, "cls", None)
    name = "get" if method == "HEAD" else method.lower()
    handler = getattr(view_class, getattr(view, "actions", {}).get(name, name), None)
    for place in (view, handler, view_class):
        policy: Policy | None = getattr(place, ATTRIBUTE, None)
        if policy is not None:
            return policy
    return Policy.READ_ONLY


def is_impersonating() -> bool:
    """Return whether the current request is made by a staff member as another user.

    Services that mark something as read, opened or watched do nothing then, and pages hide what works without a login
    or after the impersonation (quality row V16).
    """
    return acting.get() is not None


def is_refused(request: HttpRequest | Request) -> bool:
    """Return whether a request has to be refused because its user is impersonated.

    The whole Django admin is hidden, whichever view answers; unsafe requests without a view are refused, too.
    """
    match = request.resolver_match
    method = request.method or ""
    if match is None:
        return method not in SAFE_METHODS
    if ADMIN_NAMESPACE in match.app_names:
        return True
    policy = policy_of(match.func, method)
    if policy is Policy.READ_ONLY:
        return method not in SAFE_METHODS
    return policy is Policy.HIDDEN
