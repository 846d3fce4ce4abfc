"""Learning activity of the demo's students, in the quarter hours before each completed lesson."""

import random
from datetime import timedelta
from typing import Any

from analytics.activity_buffer import quarter_start
from analytics.models import Activity
from analytics.rollups import roll_up_closed_days
from analytics.services import ensure_learners
from enrollments.models import LessonProgress

QUARTER = timedelta(minutes=15)
MOST_QUARTERS = 4  # before a completed lesson
BATCH = 5000


def save_activity(rng: random.Random) -> None:
    """Insert the active quarter hours of each completed lesson, and update the roll-ups of past days."""
    steps = LessonProgress.objects.filter(completed_at__isnull=False).order_by("completed_at", "id")
    rows: list[Any] = list(steps.values_list("enrollment__user", "enrollment__course", "completed_at"))
    numbers = ensure_learners({user_id for user_id, _course, _at in rows})
    quarters = {
        (numbers[user_id], course_id, quarter_start(at - step * QUARTER))
        for user_id, course_id, at in rows
        for step in range(rng.randint(1, MOST_QUARTERS))
    }
    made = (
        Activity(learner_id=number, course_id=course_id, quarter_at=quarter)
        for number, course_id, quarter in sorted(quarters, key=str)
    )
    Activity.objects.bulk_create(made, batch_size=BATCH)
    roll_up_closed_days()
