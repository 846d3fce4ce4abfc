"""Periodic jobs of analytics, and the writing of exports."""

import logging

from analytics import exporting, rollups
from analytics.periods import last_days
from lms.platform.jobs import job

log = logging.getLogger(__name__)
CHECKED_DAYS = 35


@job
def roll_up() -> int:
    """Count the days that have closed, and those of which rows came late; return how many days."""
    return rollups.keep_up()


@job
def check_roll_ups() -> int:
    """Compare the last weeks' roll-ups with the rows, and count anew what differs; return how many figures did.

    Nothing should: a warning in the log says that rows were changed behind the services' backs.
    """
    found = list(rollups.differences(last_days(CHECKED_DAYS)))
    for difference in found[:20]:
        log.warning("roll-up was wrong: %s", difference)
    rollups.repair(found)
    return len(found)


@job
def write_export(export_id: str) -> None:
    """Write the file of an export. A second run finds it written."""
    exporting.write(export_id=export_id)


@job
def forget_exports() -> int:
    """Delete the exports of last week, and their files; return how many."""
    return exporting.forget_old()
