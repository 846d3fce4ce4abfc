"""Verify the hash chain and the checkpoints of the audit log."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.audit import entries
from core.models import AuditCheckpoint

HEAD = re.compile(r"\d+:[0-9a-f]{64}")


class Command(BaseCommand):
    """Command `verify_audit`. Exits with 1 and names the first row that was changed, deleted or inserted."""

    help = "Verify the hash chain and the checkpoints of the audit log, and name the first bad entry."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--known-head",
            default="",
            help="position:hash as printed by an earlier run; detects that the end of the log was deleted since",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        known_head: str = options["known_head"]
        if known_head and not HEAD.fullmatch(known_head):
            raise CommandError("--known-head must look like 1234:5f3c…, as printed by an earlier run.")
        report = entries.verify_chain(known_head=known_head)
        if not report.is_intact:
            raise CommandError(report.fault)
        last = AuditCheckpoint.objects.last()
        if last is None:
            self.stderr.write("The log has no checkpoint yet; the daily job check_audit_log adds one.")
        else:
            self.stdout.write(f"Checkpoint {last.number} of {last.created_at:%Y-%m-%d} covers {last.position} entries.")
        self.stdout.write(f"{report.checked} entries are valid. Store this head for the next run: {report.head}")
