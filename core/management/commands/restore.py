"""Restore a backup into an empty site, and verify the result."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.site import backup


class Command(BaseCommand):
    """Command `restore FOLDER`. Migrates the database first, and fails if the result differs from the manifest."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("folder", type=Path, help="the folder of the backup")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = backup.restore(options["folder"])
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        files = sum(name.startswith("media/") for name in manifest.hashes)
        self.stdout.write(
            f"Restored {sum(manifest.rows.values())} rows of {len(manifest.rows)} tables and {files} files from "
            f"{manifest.made_at}."
        )
