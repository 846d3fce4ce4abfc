"""Tests for a crash of PostgreSQL under load (quality row X11); experiment 7 is the long version, with its control.

Errors occur only during the outage, no process is restarted, and no acknowledged write is lost.
"""

import pytest

from tools.experiments.durability import DURABLE, RECOVERY_SECONDS, write_through_crash


@pytest.mark.long
@pytest.mark.quality("X11")
@pytest.mark.postgres
def test_acknowledged_writes_survive_a_crash_of_postgresql() -> None:
    crash = write_through_crash(DURABLE, people=4, before=1, after=10)
    assert crash.is_site_alive
    assert len(crash.log.acknowledged) > 10
    assert crash.lost == set()
    assert crash.log.failed_at, "no write failed during the crash: the control of this test"
    assert crash.log.failures_outside(crash.down_at, crash.up_at + RECOVERY_SECONDS) == 0
    assert crash.seconds_to_recover <= RECOVERY_SECONDS
