"""Run races and crashes against real processes, with controls; write docs/experiments.md."""

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
from payments.models import Refund, RefundState
from tools.experiments import attempts, durability, purchases
from tools.experiments.password_guesses import guess_passwords
from tools.experiments.races import Experiment, Result, complete_lessons, refresh_tokens, request_certificates
from tools.experiments.stack import serve_pages
from tools.ports import free_port
from tools.stripe_sandbox import process

WITHOUT_LOCKS = "tools.experiments.without_locks"
WITHOUT_ATTEMPT_RULES = "tools.experiments.without_attempt_rules"
WITHOUT_GUARDS = "tools.experiments.without_refund_guards"
REPORT = settings.BASE_DIR / "docs" / "experiments.md"
HEAD = """# Experiments

Each experiment tries to break an invariant over HTTP on real processes: gunicorn with four workers of eight threads,
and clients that start at the same moment. Each has a control without the lock or constraint, in which the invariant
must break. Clients and database share a machine with two cores, so compare the counts, not the milliseconds. `make
experiments` runs them and writes this page.

| # | Engine | Experiment | Rounds | Broken | 5xx | p95 ms | Control broke | Notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Trial:
    """An experiment, the application of its control, and whether the control must break on this engine.

    Without `control` the experiment starts its sites itself. `control_run` replaces `run` in the control, and `without`
    removes a constraint from the database meanwhile.
    """

    run: Experiment
    control: str
    must_break: bool
    control_run: Experiment | None = None
    without: Callable[[], AbstractContextManager[None]] = nullcontext


class Command(BaseCommand):
    """Runs on the database of the environment, whose data is changed."""

    help = "Run the experiments and their controls on this database and write docs/experiments.md."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--rounds", type=int, default=10)
        parser.add_argument(
            "--only", nargs="*", metavar="NAME", help="run only these experiments and print the results"
        )
        parser.add_argument("--keep", action="store_true", help="with --only, write the results to the report")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the experiments; raise CommandError if an invariant broke or a control did not break."""
        if not settings.DEVELOPMENT:
            raise CommandError("Experiments run in development only: they fill the database and drop constraints.")
        call_command("migrate", verbosity=0)
        trials = [trial for trial in self._trials() if not options["only"] or trial.run.__name__ in options["only"]]
        with process.run_sandbox(free_port(), event_delay=0) as stripe:
            # For this process and for the servers that it starts.
            settings.STRIPE_API_HOST = os.environ["STRIPE_API_HOST"] = stripe
            rows = []
            for trial in trials:
                rows.append(self._run_trial(trial, options["rounds"]))
                if options["keep"] or not options["only"]:
                    write_report(rows[-1:])
        if options["only"] and not options["keep"]:
            self.stdout.write(json.dumps(rows, indent=2))
        failed = [row["number"] for row in rows if row["broken"] or row["failures"] or row["control_failed"]]
        if failed:
            raise CommandError(f"Failed experiments: {', '.join(failed)}")

    def _trials(self) -> list[Trial]:
        """Return the experiments; those whose controls drop constraints permanently are last.

        SQLite has one writer at a time, so a missing lock has no effect there (docs/architecture.md, "Facts", 2).
        """
        return [
            Trial(refresh_tokens, WITHOUT_LOCKS, must_break=True),
            Trial(guess_passwords, WITHOUT_LOCKS, must_break=connection.vendor == "postgresql"),
            Trial(complete_lessons, WITHOUT_LOCKS, must_break=connection.vendor == "postgresql"),
            Trial(purchases.deliver_events, WITHOUT_LOCKS, must_break=True),
            # One of the guards is enough: the lock, the check, the constraint, and Stripe's own limit.
            Trial(
                purchases.request_refunds,
                WITHOUT_GUARDS,
                True,
                purchases.request_refunds_without_limit,
                without_refund_constraint,
            ),
            Trial(purchases.lose_webhooks, "", must_break=True, control_run=purchases.lose_webhooks_without_reconciler),
            Trial(attempts.save_answers_through_kills, "", must_break=True, control_run=attempts.save_answers_late),
            *self._engine_trials(),
            # The controls of these two drop constraints and do not restore them.
            Trial(attempts.start_attempts, WITHOUT_ATTEMPT_RULES, must_break=connection.vendor == "postgresql"),
            Trial(
                request_certificates, self._constraint_control(), must_break=True, without=without_enrollment_constraint
            ),
        ]

    def _engine_trials(self) -> list[Trial]:
        """Return the experiments that run on this engine only."""
        if connection.vendor == "postgresql":
            return [
                Trial(
                    durability.crash_postgres, "", must_break=True, control_run=durability.crash_postgres_without_sync
                )
            ]
        late = durability.write_to_sqlite_with_late_locks
        return [Trial(durability.write_to_sqlite, "", must_break=True, control_run=late)]

    def _constraint_control(self) -> str:
        """Return the application of a control without a constraint.

        On SQLite a transaction is the only writer from its beginning, so the control must run without transactions.
        """
        return "lms.wsgi" if connection.vendor == "postgresql" else WITHOUT_LOCKS

    def _run_trial(self, trial: Trial, rounds: int) -> dict[str, Any]:
        with serve_pages() if trial.control else nullcontext("") as site:
            result = trial.run(site, rounds)
        control_run = trial.control_run or trial.run
        with trial.without(), serve_pages(trial.control) if trial.control else nullcontext("") as site:
            control = control_run(site, max(3, rounds // 2))
        self.stdout.write(f"{result.number} on {connection.vendor}: {result.broken} of {rounds} broken; {result.notes}")
        return as_row(result, control, trial.must_break)


def as_row(result: Result, control: Result, must_break: bool) -> dict[str, Any]:
    """Return the results as plain values."""
    return {
        "number": result.number,
        "engine": connection.vendor,
        "what": result.what,
        "rounds": result.rounds,
        "broken": result.broken,
        "failures": result.answers.failures,
        "p95_ms": result.answers.p95_ms,
        "control": f"{control.broken} of {control.rounds}" + ("" if must_break else " (optional)"),
        "control_failed": must_break and not control.broken,
        "notes": result.notes,
    }


def drop_constraint(model: type[Model], name: str) -> Any:
    """Drop a constraint for a control; return it."""
    constraint = next(rule for rule in model._meta.constraints if rule.name == name)
    # SQLite re-creates the table from the constraints of the model.
    model._meta.constraints = [rule for rule in model._meta.constraints if rule is not constraint]
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    return constraint


@contextmanager
def without_enrollment_constraint() -> Iterator[None]:
    """Drop the constraint that a user is enrolled once in a course; it is not restored."""
    drop_constraint(Enrollment, "enrollments_enrollment_once")
    yield


@contextmanager
def without_refund_constraint() -> Iterator[None]:
    """Drop the constraint of one open refund for each order within the block."""
    constraint = drop_constraint(Refund, "payments_refund_one_under_way")
    yield
    Refund.objects.filter(state=RefundState.REQUESTED).update(state=RefundState.FAILED)
    Refund._meta.constraints = [*Refund._meta.constraints, constraint]
    with connection.schema_editor() as editor:
        editor.add_constraint(Refund, constraint)


def write_report(rows: list[dict[str, Any]]) -> None:
    """Write docs/experiments.md; new results replace those of the same experiment on the same engine."""
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
