"""Closing attempts that were left open."""

from django.utils import timezone

from lms.platform.jobs import job
from quizzes.attempts import close_if_overdue
from quizzes.models import Attempt

BATCH = 200


@job
def close_overdue() -> int:
    """Submit the attempts whose time is over with what was saved; return how many. Survives running twice (Q07)."""
    rows = Attempt.objects.overdue(timezone.now()).select_related("quiz", "enrollment").order_by("expires_at")[:BATCH]
    return sum(not closed.is_running for closed in map(close_if_overdue, rows) if closed is not None)
