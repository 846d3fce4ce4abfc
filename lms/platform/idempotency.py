"""`Idempotency-Key` for DRF views: a repeat of a request gives the first answer again (API.md, "Idempotency")."""

import hashlib
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from lms.lib.errors import DomainError
from lms.lib.scoping import SAFE_METHODS
from lms.platform.models import IdempotentReply

LONGEST_KEY = 255


class IdempotencyError(DomainError):
    """The key is in use for another request, or for one that is still being worked on."""


class IdempotentMixin:
    """Makes the unsafe methods of a view or viewset honour `Idempotency-Key` for signed-in users.

    The first request claims the key by a unique row before it does anything, so that two at once cannot both act. An
    answer below 500 is kept for a day; after a 5xx, or when the process dies, the key is free again.
    """

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer from the kept reply, or work and keep the answer."""
        self._claimed: IdempotentReply | None = None
        response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
        if self._claimed is not None:
            self._keep(self._claimed, response)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Claim the key once DRF knows who asks; raise `Replay` when its answer is known already."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # the view behind the mixin
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method in SAFE_METHODS or not request.user.is_authenticated:
            return
        if len(key) > LONGEST_KEY:
            raise IdempotencyError("idempotency_key_invalid", _("Use a key of at most 255 characters."), status=400)
        self._claimed = _claim(request, request.user.pk, key)

    def handle_exception(self, exc: Exception) -> Response:
        """Turn a replay into the answer that it carries."""
        if isinstance(exc, Replay):
            return Response(exc.reply.body, status=exc.reply.status, headers={"Idempotent-Replay": "true"})
        return super().handle_exception(exc)  # type: ignore[misc]  # the view behind the mixin

    def _keep(self, claimed: IdempotentReply, response: Response) -> None:
        if response.status_code >= 500:
            claimed.delete()
            return
        claimed.status, claimed.body = response.status_code, response.data
        claimed.save(update_fields=["status", "body"])


class Replay(Exception):  # noqa: N818  # not an error: it carries an answer past the view's own code
    """The first request with this key has been answered; `reply` is its answer."""

    def __init__(self, reply: IdempotentReply) -> None:
        super().__init__(str(reply))
        self.reply = reply


def _claim(request: Request, user_id: Any, key: str) -> IdempotentReply:
    """Return a new row for this key; raise Replay or IdempotencyError when there is one."""
    fingerprint = hashlib.sha256(_told_apart_by(request)).hexdigest()
    mine = IdempotentReply(user_id=user_id, key=key, path=request.path_info[:255], fingerprint=fingerprint)
    try:
        with transaction.atomic():
            mine.save(force_insert=True)
    except IntegrityError:
        return _answer_or_take_over(mine)
    return mine


def _told_apart_by(request: Request) -> bytes:
    """Return what tells two requests of one key apart: the body; of uploads, which memory does not hold, its length."""
    if request.content_type.startswith("multipart/"):
        return str(request.META.get("CONTENT_LENGTH", "")).encode()
    return request.body if hasattr(request, "body") else b""


def _answer_or_take_over(mine: IdempotentReply) -> IdempotentReply:
    with transaction.atomic():
        first = IdempotentReply.objects.select_for_update().get(user_id=mine.user_id, key=mine.key, path=mine.path)
        if first.fingerprint != mine.fingerprint:
            raise IdempotencyError("idempotency_key_reused", _("This key came with another body before."))
        if first.is_finished():
            raise Replay(first)
        if not first.is_abandoned():
            raise IdempotencyError("idempotency_in_progress", _("The first request is being worked on."), retry_after=1)
        first.created_at = timezone.now()
        first.save(update_fields=["created_at"])
        return first
