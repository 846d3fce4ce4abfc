"""`Idempotency-Key` for DRF views: a repeated request gets the first response (docs/api-contract.md, "Idempotency")."""

import hashlib
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from core.access.scopes import SAFE_METHODS
from core.http.errors import DomainError
from core.models import IdempotentReply

MAX_KEY_LENGTH = 255
# A stored 409 or 429 would refuse every retry for a day, although the state or the rate may allow it a second later.
TRANSIENT_REFUSALS = (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)


class IdempotencyError(DomainError):
    """The key belongs to another request, or its first request is in progress."""


class IdempotentMixin:
    """Make the unsafe methods of a view or viewset honor `Idempotency-Key` for authenticated users.

    The first request claims the key with a unique row before it acts, so that of two parallel requests one acts. Its
    response is stored for a day. After a refusal that a retry may pass (409, 429, 5xx), or when the process dies, the
    key is free again.
    """

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the stored response, or handle the request and store its response."""
        self._claimed: IdempotentReply | None = None
        response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
        if self._claimed is not None:
            self._store(self._claimed, response)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Claim the key after authentication; raise `Replay` if its response is stored."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method in SAFE_METHODS or not request.user.is_authenticated:
            return
        if len(key) > MAX_KEY_LENGTH:
            raise IdempotencyError("idempotency_key_invalid", _("Use a key of at most 255 characters."), status=400)
        self._claimed = _claim(request, request.user.pk, key)

    def handle_exception(self, exc: Exception) -> Response:
        """Return the response that a `Replay` carries."""
        if isinstance(exc, Replay):
            return Response(exc.reply.body, status=exc.reply.status, headers={"Idempotent-Replay": "true"})
        return super().handle_exception(exc)  # type: ignore[misc]  # the view behind the mixin

    def _store(self, claimed: IdempotentReply, response: Response) -> None:
        if response.status_code in TRANSIENT_REFUSALS or response.status_code >= 500:
            claimed.delete()
            return
        claimed.status, claimed.body = response.status_code, response.data
        claimed.save(update_fields=["status", "body"])


class Replay(Exception):  # noqa: N818  # not an error: it carries a response past the view's own code
    """The first request with this key has a stored response, `reply`."""

    def __init__(self, reply: IdempotentReply) -> None:
        super().__init__(str(reply))
        self.reply = reply


def _claim(request: Request, user_id: Any, key: str) -> IdempotentReply:
    """Return the row that claims this key; raise Replay or IdempotencyError if another request claimed it."""
    fingerprint = hashlib.sha256(_fingerprinted_content(request)).hexdigest()
    mine = IdempotentReply(user_id=user_id, key=key, path=request.path_info[:255], fingerprint=fingerprint)
    try:
        with transaction.atomic():
            mine.save(force_insert=True)
    except IntegrityError:
        return _replay_or_take_over(mine)
    return mine


def _fingerprinted_content(request: Request) -> bytes:
    """Return the content that has to be equal in a repeated request: the body, or of an upload its length."""
    if request.content_type.startswith("multipart/"):
        return str(request.META.get("CONTENT_LENGTH", "")).encode()
    return request.body if hasattr(request, "body") else b""


def _replay_or_take_over(mine: IdempotentReply) -> IdempotentReply:
    with transaction.atomic():
        first = IdempotentReply.objects.select_for_update().get(user_id=mine.user_id, key=mine.key, path=mine.path)
        if first.fingerprint != mine.fingerprint:
            raise IdempotencyError("idempotency_key_reused", _("This key was used with a different body."))
        if first.is_finished():
            raise Replay(first)
        if not first.is_abandoned():
            detail = _("The first request with this key is in progress.")
            raise IdempotencyError("idempotency_in_progress", detail, retry_after=1)
        first.created_at = timezone.now()
        first.save(update_fields=["created_at"])
        return first
