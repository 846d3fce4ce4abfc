"""The exception handler of the API, which answers in the one error shape (docs/api-contract.md, "Errors")."""

from typing import Any

from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import OperationalError
from drf_standardized_errors.handler import exception_handler as standardized
from rest_framework import exceptions, serializers, status
from rest_framework.response import Response

from core.http.errors import DomainError


def exception_handler(exc: Exception, context: Any) -> Response | None:
    """Return the error response for an exception of a DRF view."""
    return standardized(_as_api_exception(exc), context)


def _as_api_exception(exc: Exception) -> Exception:
    """Return an API exception for a domain error, an error of a model's validation, a busy database or a large body."""
    if isinstance(exc, DomainError):
        translated = exceptions.APIException(detail=exc.detail, code=exc.code)
        translated.status_code = exc.status
        if exc.status == status.HTTP_401_UNAUTHORIZED:
            translated.auth_header = 'Bearer realm="api"'  # type: ignore[attr-defined]  # DRF reads it for WWW-Authenticate
        if exc.retry_after is not None:
            translated.wait = exc.retry_after  # type: ignore[attr-defined]  # DRF reads it for Retry-After
        return translated
    if isinstance(exc, ValidationError):
        return exceptions.ValidationError(serializers.as_serializer_error(exc))
    if isinstance(exc, OperationalError):
        # A lock or statement time-out, or a database restart: the client may retry (quality row X11).
        busy = exceptions.APIException(detail="The database is busy. Try again in a moment.", code="try_again")
        busy.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        busy.wait = 2  # type: ignore[attr-defined]  # DRF reads it for Retry-After
        return busy
    if isinstance(exc, RequestDataTooBig):
        too_big = exceptions.APIException(detail="The body is too large.", code="too_large")
        too_big.status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
        return too_big
    return exc
