"""Tasks of quizzes: overdue attempts, and attempts that pass by a lower mark."""

import uuid

from django.utils import timezone

from lms.platform.jobs import job
from quizzes import passing
from quizzes.attempts import close_if_overdue
from quizzes.models import Attempt

BATCH = 200


@job
def close_overdue() -> int:
    """Submit the attempts whose time is over with what was saved; return how many. Survives running twice (Q07)."""
    rows = Attempt.objects.overdue(timezone.now()).select_related("quiz", "enrollment").order_by("expires_at")[:BATCH]
    return sum(not closed.is_running for closed in map(close_if_overdue, rows) if closed is not None)


@job
def apply_pass_mark(quiz_id: str) -> int:
    """Let attempts pass that reach the quiz's pass mark by now, and complete the course for whom it was missing."""
    return passing.apply_pass_mark(quiz_id=uuid.UUID(quiz_id))
