"""PostgreSQL crashes and comes back while people write: errors only meanwhile, nothing of ours is started again, and
every write that was acknowledged is there (QUALITY X11; experiment 7 is the long run, with its control)."""

import pytest

from lms.experiments.keeping import DURABLE, RECOVERY_SECONDS, through_a_crash


@pytest.mark.long
@pytest.mark.quality("X11")
@pytest.mark.postgres
def test_after_a_crash_of_postgres_every_acknowledged_write_is_there() -> None:
    crash = through_a_crash(DURABLE, people=4, before=1, after=10)
    assert crash.is_site_alive
    assert len(crash.diary.kept) > 10
    assert crash.lost == set()
    assert crash.diary.failed_at, "nobody noticed: the control of this test"
    assert crash.diary.failures_outside(crash.down_at, crash.up_at + RECOVERY_SECONDS) == 0
    assert crash.seconds_to_recover <= RECOVERY_SECONDS
