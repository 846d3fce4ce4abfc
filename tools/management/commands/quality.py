"""Write docs/quality.md, the list of quality rows with their tests."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tools import quality


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the page; raise CommandError with the rows that require a test and have none."""
        quality.REPORT.write_text(quality.render_report())
        rows = [row for chapter in quality.chapters().values() for row in chapter]
        missing = [row.id for row in rows if row.lacks_test]
        self.stdout.write(f"Wrote {len(rows)} rows with {sum(len(row.tests) for row in rows)} tests.")
        if missing:
            raise CommandError(f"Rows without a test: {', '.join(missing)}")
