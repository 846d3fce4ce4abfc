"""Tests that production does not start with unsafe or missing settings (quality row X02)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "a-long-key-that-guards-nothing-at-all-outside-of-this-test",
    "AUDIT_KEY": "another-key-that-signs-nothing-outside-of-this-test",
    "ALLOWED_HOSTS": "campus.example",
    "SITE_URL": "https://campus.example",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "TRUSTED_PROXIES": "1",
}


def start(tmp_path: Path, *command: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run a manage.py command with the settings of production and `changes`; None removes a variable."""
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **PRODUCTION, **changes}
    given = {name: value for name, value in environment.items() if value is not None}
    return subprocess.run(
        [sys.executable, "manage.py", *(command or ("check",))],
        cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.quality("X02")
def test_live_stripe_keys_require_the_real_stripe_api(tmp_path: Path) -> None:
    keys = {
        "STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_PUBLISHABLE_KEY": "pk_live_x", "STRIPE_WEBHOOK_SECRET": "whsec_x",
    }  # fmt: skip
    started = start(tmp_path, **keys, STRIPE_API_HOST="http://127.0.0.1:8420")
    assert started.returncode != 0
    assert "STRIPE_API_HOST" in started.stderr


@pytest.mark.quality("X02")
@pytest.mark.quality("P02")
@pytest.mark.parametrize("missing", ["STRIPE_WEBHOOK_SECRET", "STRIPE_PUBLISHABLE_KEY"])
def test_an_incomplete_set_of_stripe_keys_prevents_the_start(tmp_path: Path, missing: str) -> None:
    keys = {
        "STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_PUBLISHABLE_KEY": "pk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x",
    }  # fmt: skip
    assert start(tmp_path, **keys).returncode == 0
    refused = start(tmp_path, **{**keys, missing: None})
    assert refused.returncode != 0
    assert missing in refused.stderr


@pytest.mark.quality("X02")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", None),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "django-insecure-" + "k" * 60),
        ("ALLOWED_HOSTS", None),
        ("ALLOWED_HOSTS", "*"),
        ("SITE_URL", None),
        ("ENVIRONMENT", "staging"),
        ("MFA_EXPOSE_CODE", "1"),
        ("FILE_STORAGE_PROVIDER", "ftp"),
    ],
)
def test_a_missing_or_unsafe_setting_prevents_the_start_and_is_named(
    tmp_path: Path, name: str, value: str | None
) -> None:
    started = start(tmp_path, **{name: value})
    assert started.returncode != 0
    assert name in started.stderr


@pytest.mark.quality("X02")
def test_a_stripe_key_without_a_webhook_secret_prevents_the_start(tmp_path: Path) -> None:
    started = start(tmp_path, STRIPE_SECRET_KEY="sk_test_" + "0" * 24)
    assert started.returncode != 0
    assert "STRIPE_WEBHOOK_SECRET" in started.stderr


@pytest.mark.quality("X02")
def test_complete_production_settings_pass_the_deployment_check(tmp_path: Path) -> None:
    started = start(tmp_path, "check", "--deploy", "--fail-level", "WARNING")
    assert started.returncode == 0, started.stderr


@pytest.mark.quality("X02")
def test_production_without_redis_and_postgresql_is_warned_about(tmp_path: Path) -> None:
    started = start(tmp_path, "check", "--deploy", "--fail-level", "WARNING", REDIS_URL=None, DATABASE_URL=None)
    assert started.returncode != 0
    assert "lms.W001" in started.stderr
    assert "lms.W002" in started.stderr


@pytest.mark.quality("X02")
def test_a_404_response_contains_no_traceback(tmp_path: Path) -> None:
    shown = start(
        tmp_path,
        "shell",
        "-c",
        "from django.test import Client;"
        "r = Client().get('/api/v1/nope', secure=True, headers={'host': 'campus.example'});"
        "print(r.status_code, r.content.decode())",
        DATABASE_URL=None,
    )
    assert shown.stdout.splitlines()[-1].startswith("404 {")
    assert "Traceback" not in shown.stdout
    assert "urlconf" not in shown.stdout.lower()


def test_development_generates_and_stores_a_secret_key(tmp_path: Path) -> None:
    command = ("shell", "-c", "from django.conf import settings; print(settings.SECRET_KEY)")
    development = dict.fromkeys(PRODUCTION)
    first = start(tmp_path, *command, **development).stdout.splitlines()[-1]
    second = start(tmp_path, *command, **development).stdout.splitlines()[-1]
    assert first == second
    assert len(first) >= 60
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.quality("V11")
@pytest.mark.parametrize(
    ("email_url", "is_accepted"),
    [(None, False), ("consolemail://", False), ("dummymail://", False), ("smtp+tls://user:password@host:587", True)],
)
def test_production_mail_goes_to_a_mail_server_only(email_url: str | None, is_accepted: bool, tmp_path: Path) -> None:
    checked = start(tmp_path, "check", "--deploy", EMAIL_URL=email_url)
    assert (checked.returncode == 0, "lms.E002" in checked.stderr) == (is_accepted, not is_accepted)


@pytest.mark.quality("V11")
def test_production_without_trusted_proxies_is_warned_about(tmp_path: Path) -> None:
    started = start(tmp_path, "check", "--deploy", "--fail-level", "WARNING", TRUSTED_PROXIES="0")
    assert started.returncode != 0
    assert "lms.W003" in started.stderr


@pytest.mark.quality("V11")
def test_the_data_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert start(tmp_path, "check", DATA_DIR=str(folder)).returncode == 0
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.quality("V11")
def test_compose_has_no_default_that_prints_emails() -> None:
    compose = (settings.BASE_DIR / "docker-compose.yml").read_text()
    assert "EMAIL_URL: ${EMAIL_URL:?" in compose
    assert "TRUSTED_PROXIES: ${TRUSTED_PROXIES:?" in compose
