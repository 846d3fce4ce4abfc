"""When the demo's students were at it: around the lessons that they completed."""

import random
from datetime import timedelta
from typing import Any

from analytics.models import Activity
from analytics.noting import quarter_of
from analytics.rollups import keep_up
from analytics.services import learners
from enrollments.models import LessonProgress

QUARTER = timedelta(minutes=15)
MOST_QUARTERS = 4  # before a lesson is done
BATCH = 5000


def save_activity(rng: random.Random) -> None:
    """Insert the quarters of an hour in which each completed lesson was learned, and count the days that are over."""
    steps = LessonProgress.objects.filter(completed_at__isnull=False).order_by("completed_at", "id")
    rows: list[Any] = list(steps.values_list("enrollment__user", "enrollment__course", "completed_at"))
    numbers = learners({user_id for user_id, _course, _at in rows})
    spent = {
        (numbers[user_id], course_id, quarter_of(at - step * QUARTER))
        for user_id, course_id, at in rows
        for step in range(rng.randint(1, MOST_QUARTERS))
    }
    made = (
        Activity(learner_id=number, course_id=course_id, quarter_at=quarter)
        for number, course_id, quarter in sorted(spent, key=str)
    )
    Activity.objects.bulk_create(made, batch_size=BATCH)
    keep_up()
