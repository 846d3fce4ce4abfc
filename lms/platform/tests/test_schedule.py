"""How often a periodic job runs, in words that a person reads."""

from datetime import timedelta
from typing import Any

import pytest
from celery.schedules import crontab

from lms.platform.queues import in_words


@pytest.mark.parametrize(
    ("often", "words"),
    [
        (15.0, "every 15 seconds"),
        (60.0, "every minute"),
        (120.0, "every 2 minutes"),
        (timedelta(hours=1), "every hour"),
        (timedelta(hours=6), "every 6 hours"),
        (timedelta(days=1), "every day"),
        (crontab(hour=6, minute=5), "every day at 06:05 UTC"),
    ],
)
def test_a_pause_is_told_in_its_largest_unit(often: Any, words: str) -> None:
    assert in_words(often) == words
