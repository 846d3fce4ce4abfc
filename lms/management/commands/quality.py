"""`manage.py quality`: write docs/quality.md, which says which test holds which line of the quality list."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lms import quality


class Command(BaseCommand):
    """Reads the tests' markers, and runs nothing."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the page; raise CommandError, naming them, when lines that need a test have none."""
        quality.REPORT.write_text(quality.report())
        rows = [row for chapter in quality.chapters().values() for row in chapter]
        bare = [row.id for row in rows if row.is_bare]
        self.stdout.write(f"{len(rows)} lines, {sum(len(row.tests) for row in rows)} tests hold them.")
        if bare:
            raise CommandError(f"No test holds {', '.join(bare)}")
