"""Periodic tasks of analytics, and the task that writes exports."""

import logging

from analytics import export_writer, rollups
from analytics.periods import last_days
from core.jobs.job import job

log = logging.getLogger(__name__)
CHECKED_DAYS = 35


@job("analytics.roll_up")
def roll_up() -> int:
    """Count closed days, and again those with late rows; return the number of days."""
    return rollups.roll_up_closed_days()


@job("analytics.check_roll_ups")
def check_roll_ups() -> int:
    """Compare the roll-ups of the last weeks with the rows and repair them; return the number of differences.

    Differences mean that rows were changed outside the services; they are logged as warnings.
    """
    found = list(rollups.find_differences(last_days(CHECKED_DAYS)))
    for difference in found[:20]:
        log.warning("roll-up differs from the rows: %s", difference)
    rollups.repair(found)
    return len(found)


@job("analytics.write_export")
def write_export(export_id: str) -> None:
    """Write the file of an export. A second run has no effect."""
    export_writer.write_export_file(export_id=export_id)


@job("analytics.forget_exports")
def forget_exports() -> int:
    """Delete the exports that are older than a week, with their files; return their number."""
    return export_writer.delete_expired_exports()
