"""`manage.py experiments`: races against real processes, with their controls; what was found goes to a file."""

import json
import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from enrollments.models import Enrollment
from lms.experiments import buying, taking
from lms.experiments.guessing import guesses
from lms.experiments.races import Experiment, Result, certificates, completions, refreshes
from lms.experiments.stack import serving
from payments import sandbox

WITHOUT_LOCKS = "lms.experiments.without_locks"
WITHOUT_ATTEMPT_RULES = "lms.experiments.without_attempt_rules"
REPORT = settings.BASE_DIR / "docs" / "experiments.md"
HEAD = """# Experiments

What must never happen, tried on real processes over HTTP: gunicorn with four processes of eight threads, all
clients from a standing start. Each experiment has a control that takes its lock or constraint away and must break
the invariant. `make experiments` runs them and writes this page. Two cores, clients and database on the same machine:
read the counts, not the milliseconds.

| # | Engine | What | Rounds | Broken | 5xx | p95 ms | Control broke | Notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Trial:
    """An experiment, what serves its control, and whether the control has to break on this engine.

    Without `control` it starts the sites that it needs by itself. `control_run` is the control's own course of things.
    """

    run: Experiment
    control: str
    must_break: bool
    control_run: Experiment | None = None


class Command(BaseCommand):
    """Runs on the database of the environment, which should hold nothing of worth."""

    help = "Run the experiments on this database, with their controls, and keep what they found."

    def add_arguments(self, parser: Any) -> None:
        """Take the number of rounds, and where the findings of both engines are kept."""
        parser.add_argument("--rounds", type=int, default=10)
        parser.add_argument("--only", nargs="*", metavar="NAME", help="for a look: run these alone, and write nothing")
        parser.add_argument("--results", type=Path, default=settings.BASE_DIR / "var" / "experiments")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, report, and raise CommandError when an invariant broke, or a control did not."""
        if not settings.DEVELOPMENT:
            raise CommandError("Not here: the experiments fill the database, and take a constraint away.")
        call_command("migrate", verbosity=0)
        trials = [trial for trial in self._trials() if not options["only"] or trial.run.__name__ in options["only"]]
        with sandbox.running(sandbox.free_port(), event_delay=0) as stripe:
            # For this process, and for the servers that it starts.
            settings.STRIPE_API_HOST = os.environ["STRIPE_API_HOST"] = stripe
            rows = [self._row(trial, options["rounds"]) for trial in trials]
        if options["only"]:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        options["results"].mkdir(parents=True, exist_ok=True)
        (options["results"] / f"{connection.vendor}.json").write_text(json.dumps(rows, indent=2))
        write_report(options["results"])
        wrong = [row["number"] for row in rows if row["broken"] or row["failures"] or row["control_failed"]]
        if wrong:
            raise CommandError(f"Not as it must be: experiments {', '.join(wrong)}")

    def _trials(self) -> list[Trial]:
        """Return the experiments; the one whose control takes a constraint away for good comes last.

        SQLite has one writer at a time, so a lock that is missing there does not show (QUALITY, fact 2).
        """
        return [
            Trial(refreshes, WITHOUT_LOCKS, must_break=True),
            Trial(guesses, WITHOUT_LOCKS, must_break=connection.vendor == "postgresql"),
            Trial(completions, WITHOUT_LOCKS, must_break=connection.vendor == "postgresql"),
            Trial(buying.events, WITHOUT_LOCKS, must_break=connection.vendor == "postgresql"),
            # Constraints hold these two even without locks.
            Trial(buying.refunds, WITHOUT_LOCKS, must_break=False),
            Trial(buying.lost_webhooks, WITHOUT_LOCKS, must_break=False),
            Trial(taking.saves_through_kills, "", must_break=True, control_run=taking.forgetful_saves),
            # What these two take from the database for their controls is gone for good.
            Trial(taking.starts, WITHOUT_ATTEMPT_RULES, must_break=connection.vendor == "postgresql"),
            Trial(certificates, "lms.wsgi", must_break=True),
        ]

    def _row(self, trial: Trial, rounds: int) -> dict[str, Any]:
        with serving() if trial.control else nullcontext("") as site:
            result = trial.run(site, rounds)
        if trial.control == "lms.wsgi":
            take_constraint_away()
        control_run = trial.control_run or trial.run
        with serving(trial.control) if trial.control else nullcontext("") as site:
            control = control_run(site, max(3, rounds // 2))
        self.stdout.write(f"{result.number} on {connection.vendor}: {result.broken} of {rounds} broken; {result.notes}")
        return as_row(result, control, trial.must_break)


def as_row(result: Result, control: Result, must_break: bool) -> dict[str, Any]:
    """Return what was found as plain values."""
    return {
        "number": result.number,
        "engine": connection.vendor,
        "what": result.what,
        "rounds": result.rounds,
        "broken": result.broken,
        "failures": result.answers.failures,
        "p95_ms": result.answers.p95_ms,
        "control": f"{control.broken} of {control.rounds}" + ("" if must_break else " (need not)"),
        "control_failed": must_break and not control.broken,
        "notes": result.notes,
    }


def take_constraint_away() -> None:
    """Drop the constraint that lets one enrolment through, for the control of experiment 3."""
    once = next(rule for rule in Enrollment._meta.constraints if rule.name == "enrollments_enrollment_once")
    # SQLite makes the table anew from what the model says.
    Enrollment._meta.constraints = [rule for rule in Enrollment._meta.constraints if rule is not once]
    with connection.schema_editor() as editor:
        editor.remove_constraint(Enrollment, once)


def write_report(results: Path) -> None:
    """Write docs/experiments.md from the findings of every engine that has been run."""
    rows = [row for path in sorted(results.glob("*.json")) for row in json.loads(path.read_text())]
    lines = [
        f"| {row['number']} | {row['engine']} | {row['what']} | {row['rounds']} | {row['broken']} | {row['failures']} "
        f"| {row['p95_ms']} | {row['control']} | {row['notes']} |"
        for row in sorted(rows, key=lambda row: (int(row["number"].rstrip("b")), row["number"], row["engine"]))
    ]
    REPORT.write_text(HEAD + "\n".join(lines) + "\n")
