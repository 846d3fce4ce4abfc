"""`manage.py lint_migrations`: fail when a migration that is newer than a release would stop that release's code."""

import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lms.platform.upgrading import faults


class Command(BaseCommand):
    """Looks at what git has added since the last tag; without a tag nothing has been released yet."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        """Take the release to compare with."""
        parser.add_argument("--since", default="", help="a tag or commit (the last tag)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError, naming every operation that the release would not survive."""
        since = options["since"] or _git("tag", "--list", "--sort=-creatordate").partition("\n")[0]
        if not since:
            self.stdout.write("Nothing has been released yet.")
            return
        added = _git("diff", "--name-only", "--diff-filter=A", since, "--", "*/migrations/0*.py").splitlines()
        wrong = [f"{path}: {text}" for path in added for text in faults(_migration(path))]
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write(f"{len(added)} migrations since {since}; both versions may run beside each other.")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(  # noqa: S603  # our own command
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    ).stdout.strip()


def _migration(path: str) -> Any:
    return import_module(".".join(Path(path).with_suffix("").parts)).Migration
