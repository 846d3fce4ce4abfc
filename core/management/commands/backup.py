"""Write a backup of all rows, local files and secrets of this site to a folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.site import backup


class Command(BaseCommand):
    """Command `backup FOLDER`. The site may keep running: the rows are read in one snapshot."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("folder", type=Path, help="an empty or new folder")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = backup.write(options["folder"])
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        files = sum(name.startswith("media/") for name in manifest.hashes)
        self.stdout.write(f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables, {files} files.")
