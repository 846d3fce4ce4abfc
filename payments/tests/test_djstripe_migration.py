"""Our one migration of dj-stripe's models is theirs, and quick."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import call_command


def test_it_differs_in_nothing_from_the_models_of_the_installed_package(db: None) -> None:
    call_command("makemigrations", "djstripe", check=True, dry_run=True, verbosity=0)


def test_a_new_database_is_migrated_in_under_fifteen_seconds_of_cpu(tmp_path: Path) -> None:
    """Not a stop-watch on a machine that may be busy, but the processor time of the one process."""
    measured = subprocess.run(
        [
            sys.executable,
            "-c",
            "import time, django; from django.core.management import call_command; django.setup();"
            "begun = time.process_time(); call_command('migrate', verbosity=0); print(time.process_time() - begun)",
        ],
        env={"DJANGO_SETTINGS_MODULE": "lms.settings", "DATA_DIR": str(tmp_path)},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(measured.stdout.splitlines()[-1]) < 15
