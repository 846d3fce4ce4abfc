"""`manage.py rollups`: keeps the daily roll-ups by hand."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics import rollups
from analytics.models import RollupState
from analytics.periods import Period


class Command(BaseCommand):
    """Counts closed days, counts all of them anew, or compares what is kept with the rows."""

    help = (
        "Keep the roll-ups that analytics reads: roll (what is new), rebuild (everything), or check (against the rows)."
    )

    def add_arguments(self, parser: Any) -> None:
        """Take what to do, and for `check` of which days, and whether to put right what is wrong."""
        parser.add_argument("what", choices=["roll", "rebuild", "check"])
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="the first day, as 2026-01-31")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="the last day")
        parser.add_argument("--repair", action="store_true", help="with check: count the days anew that are wrong")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; raise CommandError where a check finds a difference that is not repaired."""
        if options["what"] == "check":
            self._check(options)
            return
        counted = rollups.rebuild() if options["what"] == "rebuild" else rollups.keep_up(seconds=float("inf"))
        state = RollupState.current()
        self.stdout.write(f"{counted} days counted; rolled up from {state.rolled_from} to {state.rolled_to}.")

    def _check(self, options: dict[str, Any]) -> None:
        days = Period(options["first"] or date.min, options["last"] or date.max)
        found = list(rollups.differences(days))
        for difference in found:
            self.stdout.write(str(difference))
        if found and options["repair"]:
            self.stdout.write(f"{rollups.repair(found)} days counted anew.")
        elif found:
            raise CommandError(f"{len(found)} figures are not what the rows say.")
        else:
            self.stdout.write("Every figure is what the rows say.")
