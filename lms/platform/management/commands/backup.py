"""`manage.py backup FOLDER`: every row, every local file and the secrets of this site, with a manifest."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lms.platform import backup


class Command(BaseCommand):
    """Writes while the site is running: the rows are those of one moment."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """Take the folder, which must be empty or not there."""
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, and say how much; raise CommandError when it cannot be written."""
        try:
            manifest = backup.write(options["folder"])
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        files = sum(name.startswith("media/") for name in manifest.hashes)
        self.stdout.write(f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables, {files} files.")
