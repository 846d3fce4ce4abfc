"""The domain errors that services raise for pages and API alike, and the one shape of an error's body."""

from http import HTTPStatus
from typing import Any


class DomainError(Exception):
    """The state forbids what was asked. Each app derives its own one; services raise it, doors translate it.

    `code` is stable and documented (docs/api.md); `detail` is a sentence a person can act on; `status` the HTTP
    status the contract gives it (API.md, "Statuses"); `retry_after` seconds after which another try makes sense.
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
    """Return the body of an error answer with one error in it (API.md, "Errors")."""
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}
