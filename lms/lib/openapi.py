"""The OpenAPI document: the errors of each operation, and how the document is served."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.utils.translation import get_language
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly

from lms.lib.scoping import SAFE_METHODS

MEANINGS = {
    400: "What was sent is not what this document asks for, or cannot be done; `attr` names the field.",
    401: "Sign in, or sign in again.",
    402: "This has to be paid for first.",
    403: "Not for this person.",
    404: "There is no such thing, or none that this person may see.",
    406: "`Accept` asks for a form that there is none of.",
    409: "What is there forbids it; `code` says why.",
    413: "The body is too large.",
    415: "`Content-Type` names a form that is not read.",
    429: "Too many requests; `Retry-After` says for how many seconds to wait.",
    503: "The database or a service behind the site does not answer; try again after `Retry-After` seconds.",
}
ANYWHERE = {400, 406, 429, 503}


class ErrorItemSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="Stable; docs/api.md lists them.")
    detail = serializers.CharField(help_text="A sentence for people, in their language.")
    attr = serializers.CharField(allow_null=True, help_text="The field it is about, or null.")


class ErrorSerializer(serializers.Serializer[Any]):
    """The body of every error. Some carry more: an edit conflict both versions, for instance."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorItemSerializer(many=True)  # type: ignore[assignment]  # a field of that name, which DRF allows


class DocumentedErrors(AutoSchema):
    """Adds the errors to what an operation answers.

    They follow from the view: its permissions, its address, whether it reads a body. A view that answers with others
    as well names their statuses in `answers_also`. What `extend_schema` says of a status stands.
    """

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        """Return the answers by status, the errors after the others."""
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        if direction == "request":  # of a callback
            return answers
        for status in sorted(self._error_statuses()):
            text = OpenApiResponse(ErrorSerializer, description=MEANINGS.get(status, HTTPStatus(status).phrase))
            answers.setdefault(str(status), self._get_response_for_code(text, str(status), ["application/json"]))
        return answers

    def _error_statuses(self) -> set[int]:
        """Return the statuses of the errors that this operation may answer with."""
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
            found |= {403, 409}  # without a CSRF token, or while somebody is impersonated
        if not reads and self.get_request_serializer() is not None:
            found |= {404, 413, 415}  # what a body names may not be there either
        return found

    def _get_paginator(self) -> Any:
        """Return what cuts this list into pages: nothing where `@action` says so, which `as_view` does not ask."""
        handler = getattr(self.view, getattr(self.view, "action", None) or "", None)
        said = getattr(handler, "kwargs", {})
        is_whole = "pagination_class" in said and said["pagination_class"] is None
        return None if is_whole else super()._get_paginator()


class KeptDocument(SchemaGenerator):
    """Writes the public document once in a process for each language: it takes half a second, and anybody may ask."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        """Return the document, for reading alone."""
        return _written(self.api_version, get_language()) if public else super().get_schema(request, public)


@lru_cache(maxsize=8)
def _written(version: str | None, _language: str | None) -> Any:
    return SchemaGenerator(api_version=version).get_schema(public=True)
