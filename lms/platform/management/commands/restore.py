"""`manage.py restore FOLDER`: take a backup back into an empty site, and compare it with what was counted."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lms.platform import backup


class Command(BaseCommand):
    """Migrates the empty database first; ends with an error when anything differs."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """Take the folder of the backup."""
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore, and say how much; raise CommandError, naming what is wrong."""
        try:
            manifest = backup.restore(options["folder"])
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        files = sum(name.startswith("media/") for name in manifest.hashes)
        self.stdout.write(
            f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables and {files} files are as they were on "
            f"{manifest.made_at}."
        )
