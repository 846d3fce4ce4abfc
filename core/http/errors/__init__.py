"""The domain errors that services raise, and the one shape of an error response."""

from http import HTTPStatus
from typing import Any


class DomainError(Exception):
    """An operation that a rule or the current state does not permit; the base class of each app's error.

    Services raise it, pages and API translate it. `code` is stable and documented (docs/api.md); `detail` is a sentence
    that a user can act on; `status` is the HTTP status (docs/api-contract.md, "Statuses"); `retry_after` is the seconds
    after which a retry makes sense. A page handles an error that `needs_a_page` in a view of its own.
    """

    status: int = HTTPStatus.CONFLICT
    needs_a_page = False

    def __init__(self, code: str, detail: Any, *, status: int | None = None, retry_after: int | None = None) -> None:
        super().__init__(str(detail))
        self.code = code
        self.detail = detail
        self.status = status or self.status
        self.retry_after = retry_after


def error_body(kind: str, code: str, detail: str, attr: str | None = None) -> dict[str, Any]:
    """Return the body of an error response with one error (docs/api-contract.md, "Errors")."""
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
