"""Tests of the single migration that replaces dj-stripe's own ones."""

import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import call_command


def test_the_migration_matches_the_models_of_the_installed_package(db: None) -> None:
    call_command("makemigrations", "djstripe", check=True, dry_run=True, verbosity=0)


def test_a_new_database_is_migrated_in_under_fifteen_seconds_of_cpu(tmp_path: Path) -> None:
    """CPU time of the process, since wall time depends on the load of the machine."""
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
