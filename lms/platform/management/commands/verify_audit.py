"""`manage.py verify_audit`: whether the audit log is as it was written."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lms.platform import audit

HEAD = re.compile(r"\d+:[0-9a-f]{64}")


class Command(BaseCommand):
    """Looks the whole audit log through; exits 1 and names the first row that was changed, deleted or put in."""

    help = "Check the audit log's chain; name the first bad row."

    def add_arguments(self, parser: Any) -> None:
        """Take a head that was written down earlier."""
        parser.add_argument(
            "--known-head",
            default="",
            help="position:hash as an earlier run printed it; shows whether the end of the log was cut off since.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print how many entries hold and the head to write down; raise CommandError for a bad row."""
        known_head: str = options["known_head"]
        if known_head and not HEAD.fullmatch(known_head):
            raise CommandError("--known-head looks like 1234:5f3c…, as an earlier run printed it.")
        found = audit.verdict(known_head=known_head)
        if not found.holds:
            row = "" if found.bad_entry is None else f"Entry {found.bad_entry} "
            raise CommandError(f"{row}{found.reason}. The {found.checked} entries before it hold.")
        self.stdout.write(f"{found.checked} entries hold. The head, to write down: {found.head}")
