"""`manage.py experiments`: races against real processes, with their controls; what was found goes to a file."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.models import Model

from enrollments.models import Enrollment
from lms.experiments import buying, keeping, taking
from lms.experiments.guessing import guesses
from lms.experiments.races import Experiment, Result, certificates, completions, refreshes
from lms.experiments.stack import serving
from lms.lib.ports import free_port
from payments import sandbox
from payments.models import Refund, RefundState

WITHOUT_LOCKS = "lms.experiments.without_locks"
WITHOUT_ATTEMPT_RULES = "lms.experiments.without_attempt_rules"
WITHOUT_GUARDS = "lms.experiments.without_refund_guards"
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

    Without `control` it starts the sites that it needs by itself. `control_run` is the control's own course of things,
    `without` what is taken from the database meanwhile.
    """

    run: Experiment
    control: str
    must_break: bool
    control_run: Experiment | None = None
    without: Callable[[], AbstractContextManager[None]] = nullcontext


class Command(BaseCommand):
    """Runs on the database of the environment, which should hold nothing of worth."""

    help = "Run the experiments on this database, with their controls, and keep what they found."

    def add_arguments(self, parser: Any) -> None:
        """Take the number of rounds, and which experiments are wanted."""
        parser.add_argument("--rounds", type=int, default=10)
        parser.add_argument("--only", nargs="*", metavar="NAME", help="for a look: run these alone, and write nothing")
        parser.add_argument("--keep", action="store_true", help="with --only, write down what these found all the same")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, report, and raise CommandError when an invariant broke, or a control did not."""
        if not settings.DEVELOPMENT:
            raise CommandError("Not here: the experiments fill the database, and take a constraint away.")
        call_command("migrate", verbosity=0)
        trials = [trial for trial in self._trials() if not options["only"] or trial.run.__name__ in options["only"]]
        with sandbox.running(free_port(), event_delay=0) as stripe:
            # For this process, and for the servers that it starts.
            settings.STRIPE_API_HOST = os.environ["STRIPE_API_HOST"] = stripe
            rows = []
            for trial in trials:
                rows.append(self._row(trial, options["rounds"]))
                if options["keep"] or not options["only"]:
                    write_report(rows[-1:])
        if options["only"] and not options["keep"]:
            self.stdout.write(json.dumps(rows, indent=2))
        wrong = [row["number"] for row in rows if row["broken"] or row["failures"] or row["control_failed"]]
        if wrong:
            raise CommandError(f"Not as it must be: experiments {', '.join(wrong)}")

    def _trials(self) -> list[Trial]:
        """Return the experiments; those whose controls take rules away for good come last.

        SQLite has one writer at a time, so a lock that is missing there does not show (QUALITY, fact 2).
        """
        return [
            Trial(refreshes, WITHOUT_LOCKS, must_break=True),
            Trial(guesses, WITHOUT_LOCKS, must_break=connection.vendor == "postgresql"),
            Trial(completions, WITHOUT_LOCKS, must_break=connection.vendor == "postgresql"),
            Trial(buying.events, WITHOUT_LOCKS, must_break=True),
            # Each of what holds this one would do alone: the lock, the look, the constraint, and what Stripe refuses.
            Trial(buying.refunds, WITHOUT_GUARDS, True, buying.careless_refunds, without_the_refunds_constraint),
            Trial(buying.lost_webhooks, "", must_break=True, control_run=buying.never_reconciled),
            Trial(taking.saves_through_kills, "", must_break=True, control_run=taking.forgetful_saves),
            *self._trials_of_the_engine(),
            # What these two take from the database for their controls is gone for good.
            Trial(taking.starts, WITHOUT_ATTEMPT_RULES, must_break=connection.vendor == "postgresql"),
            Trial(certificates, self._with_the_lock(), must_break=True, without=without_the_enrolment_constraint),
        ]

    def _trials_of_the_engine(self) -> list[Trial]:
        """Return the experiments of one engine alone."""
        if connection.vendor == "postgresql":
            return [Trial(keeping.crashes, "", must_break=True, control_run=keeping.hasty_crashes)]
        late = keeping.embedded_writes_with_late_locks
        return [Trial(keeping.embedded_writes, "", must_break=True, control_run=late)]

    def _with_the_lock(self) -> str:
        """Return what serves a control that takes a constraint away: on SQLite, where a transaction is the only writer
        from its beginning, nothing goes wrong while there are transactions."""
        return "lms.wsgi" if connection.vendor == "postgresql" else WITHOUT_LOCKS

    def _row(self, trial: Trial, rounds: int) -> dict[str, Any]:
        with serving() if trial.control else nullcontext("") as site:
            result = trial.run(site, rounds)
        control_run = trial.control_run or trial.run
        with trial.without(), serving(trial.control) if trial.control else nullcontext("") as site:
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


def take_constraint_away(model: type[Model], name: str) -> Any:
    """Drop a constraint, for a control; return it."""
    taken = next(rule for rule in model._meta.constraints if rule.name == name)
    # SQLite makes the table anew from what the model says.
    model._meta.constraints = [rule for rule in model._meta.constraints if rule is not taken]
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, taken)
    return taken


@contextmanager
def without_the_enrolment_constraint() -> Iterator[None]:
    """Let somebody be enrolled in a course twice, from now on."""
    take_constraint_away(Enrollment, "enrollments_enrollment_once")
    yield


@contextmanager
def without_the_refunds_constraint() -> Iterator[None]:
    """Let an order have several refunds under way, for a while."""
    taken = take_constraint_away(Refund, "payments_refund_one_under_way")
    yield
    Refund.objects.filter(state=RefundState.REQUESTED).update(state=RefundState.FAILED)
    Refund._meta.constraints = [*Refund._meta.constraints, taken]
    with connection.schema_editor() as editor:
        editor.add_constraint(Refund, taken)


def write_report(rows: list[dict[str, Any]]) -> None:
    """Write docs/experiments.md: what was found now takes the place of what stood there of the same experiment on the
    same engine."""
    lines = [line for line in REPORT.read_text().splitlines() if line.startswith("| ")][2:] if REPORT.exists() else []
    found = {tuple(line.split(" | ")[:2]): line for line in lines}
    for row in rows:
        line = (
            f"| {row['number']} | {row['engine']} | {row['what']} | {row['rounds']} | {row['broken']} "
            f"| {row['failures']} | {row['p95_ms']} | {row['control']} | {row['notes']} |"
        )
        found[tuple(line.split(" | ")[:2])] = line
    ordered = sorted(found.items(), key=lambda item: (int(re.sub(r"\D", "", item[0][0])), item[0]))
    REPORT.write_text(HEAD + "\n".join(line for _key, line in ordered) + "\n")
