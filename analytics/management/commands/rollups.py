"""Management command to roll up, rebuild or check the daily roll-ups."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics import rollups
from analytics.models import RollupState
from analytics.periods import Period


class Command(BaseCommand):
    help = "Maintain the roll-ups: roll (count new days), rebuild (count all days), check (compare with the rows)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("what", choices=["roll", "rebuild", "check"])
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="check: first day, as 2026-01-31")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="check: last day")
        parser.add_argument("--repair", action="store_true", help="check: count the days with differences again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the action. Raise CommandError if a check finds differences and `--repair` is not set."""
        if options["what"] == "check":
            self._check(options)
            return
        counted = (
            rollups.rebuild() if options["what"] == "rebuild" else rollups.roll_up_closed_days(seconds=float("inf"))
        )
        state = RollupState.current()
        self.stdout.write(f"{counted} days counted; rolled up from {state.rolled_from} to {state.rolled_to}.")

    def _check(self, options: dict[str, Any]) -> None:
        days = Period(options["first"] or date.min, options["last"] or date.max)
        found = list(rollups.find_differences(days))
        for difference in found:
            self.stdout.write(str(difference))
        if found and options["repair"]:
            self.stdout.write(f"{rollups.repair(found)} days counted again.")
        elif found:
            raise CommandError(f"{len(found)} figures differ from the rows.")
        else:
            self.stdout.write("All figures match the rows.")
