"""Descriptions of the intervals of periodic jobs."""

from datetime import timedelta
from typing import Any

import pytest
from celery.schedules import crontab

from core.jobs.queues import describe_interval


@pytest.mark.parametrize(
    ("interval", "text"),
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
def test_an_interval_is_described_in_its_largest_unit(interval: Any, text: str) -> None:
    assert describe_interval(interval) == text
