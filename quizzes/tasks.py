"""Tasks of quizzes: close overdue attempts, and apply a changed passing score."""

import uuid

from django.utils import timezone

from core.jobs.job import job
from quizzes import grading
from quizzes.attempts import close_if_overdue
from quizzes.models import Attempt

BATCH = 200


@job("quizzes.close_overdue")
def close_overdue() -> int:
    """Submit up to 200 overdue attempts with their saved answers; return their number. May run twice at once (Q07)."""
    rows = Attempt.objects.overdue(timezone.now()).select_related("quiz", "enrollment").order_by("expires_at")[:BATCH]
    return sum(not closed.is_running for closed in map(close_if_overdue, rows) if closed is not None)


@job("quizzes.apply_pass_mark")
def apply_passing_score(quiz_id: str) -> int:
    """Pass the attempts that reach the quiz's passing score, and complete enrollments that only lacked the quiz."""
    return grading.apply_passing_score(quiz_id=uuid.UUID(quiz_id))
