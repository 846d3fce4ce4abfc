"""The OpenAPI document: the errors of each operation, and a cache of the generated document."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.utils.translation import get_language
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly

from core.access.scopes import SAFE_METHODS

MEANINGS = {
    400: "The request is malformed or invalid; `attr` names the field.",
    401: "Authentication is missing, invalid or expired.",
    402: "Payment is required.",
    403: "The user may not do this.",
    404: "The object does not exist, or the user may not see it.",
    406: "`Accept` names no available media type.",
    409: "The current state does not permit this; `code` gives the reason.",
    413: "The body is too large.",
    415: "`Content-Type` is not supported.",
    429: "Too many requests; `Retry-After` is the number of seconds to wait.",
    503: "The database or an external service is unavailable; retry after `Retry-After` seconds.",
}
ANYWHERE = {400, 406, 429, 503}


class ErrorItemSerializer(serializers.Serializer[Any]):
    """One error."""

    code = serializers.CharField(help_text="A stable code; docs/api.md lists all.")
    detail = serializers.CharField(help_text="A sentence for the user, in their language.")
    attr = serializers.CharField(allow_null=True, help_text="The field with the error, or null.")


class ErrorSerializer(serializers.Serializer[Any]):
    """The body of every error response. Some have further fields: an edit conflict has both versions."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorItemSerializer(many=True)  # type: ignore[assignment]  # a field of that name, which DRF allows


class DocumentedErrors(AutoSchema):
    """Add error responses to each operation.

    They follow from the view: its permissions, its path, whether it reads a body. A view lists further statuses in
    `answers_also`. A status that `extend_schema` documents is not replaced. The overridden methods are those that
    drf-spectacular documents for subclasses.
    """

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        """Return the responses by status, errors last."""
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        if direction == "request":  # of a callback
            return responses
        for status in sorted(self._error_statuses()):
            text = OpenApiResponse(ErrorSerializer, description=MEANINGS.get(status, HTTPStatus(status).phrase))
            responses.setdefault(str(status), self._get_response_for_code(text, str(status), ["application/json"]))
        return responses

    def _error_statuses(self) -> set[int]:
        """Return the statuses of this operation's errors."""
        found = {*ANYWHERE, *getattr(self.view, "answers_also", ())}
        reads = self.method in SAFE_METHODS
        open_to_all = (AllowAny, IsAuthenticatedOrReadOnly) if reads else (AllowAny,)
        if self.view.get_authenticators():
            found.add(401)
        if not all(isinstance(permission, open_to_all) for permission in self.view.get_permissions()):
            found.add(403)
        if "{" in self.path or (self._is_list_view() and self._get_paginator()):
            found.add(404)
        if not reads:
            found |= {403, 409}  # without a CSRF token, or while impersonating
        if not reads and self.get_request_serializer() is not None:
            found |= {404, 413, 415}  # the body may name objects that do not exist
        return found

    def get_filter_backends(self) -> list[Any]:
        """Return the filter backends; none where `@action` disables the filters."""
        return [] if self._is_disabled("filterset_class") else super().get_filter_backends()

    def _get_paginator(self) -> Any:
        """Return the paginator, or None where `@action` disables it."""
        return None if self._is_disabled("pagination_class") else super()._get_paginator()

    def _is_disabled(self, option: str) -> bool:
        """Return whether `@action` sets an option to None, which drf-spectacular does not look up."""
        handler = getattr(self.view, getattr(self.view, "action", None) or "", None)
        options = getattr(handler, "kwargs", {})
        return option in options and options[option] is None


class CachedSchemaGenerator(SchemaGenerator):
    """Generate the public document once per process and language: it takes half a second and is public."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        """Return the document; callers must not change it."""
        return _generate(self.api_version, get_language()) if public else super().get_schema(request, public)


@lru_cache(maxsize=8)
def _generate(version: str | None, _language: str | None) -> Any:
    return SchemaGenerator(api_version=version).get_schema(public=True)
