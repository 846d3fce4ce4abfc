"""Check that the code of the last release still works after the migrations added since."""

import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.db.migration_safety import faults


class Command(BaseCommand):
    """Command `lint_migrations`. Checks the migrations that git has added since the last tag, the last release."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--since", default="", help="the tag or commit to compare with (default: the last tag)")

    def handle(self, *args: Any, **options: Any) -> None:
        since = options["since"] or _git("tag", "--list", "--sort=-creatordate").partition("\n")[0]
        if not since:
            self.stdout.write("There is no release to compare with.")
            return
        added = _git("diff", "--name-only", "--diff-filter=A", since, "--", "*/migrations/0*.py").splitlines()
        wrong = [f"{path}: {text}" for path in added for text in faults(_import_migration(path))]
        if wrong:
            raise CommandError("\n".join(wrong))
        self.stdout.write(f"{len(added)} migrations since {since}. Both versions can run at the same time.")


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(  # noqa: S603  # the arguments are constants and tags of this repository
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    ).stdout.strip()


def _import_migration(path: str) -> Any:
    return import_module(".".join(Path(path).with_suffix("").parts)).Migration
