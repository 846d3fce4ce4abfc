"""Run the shell examples of docs/api.md with bash and curl."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts.models import LoginSession, SocketTicket, User
from accounts.tests.test_second_factor import code_of, turn_on
from tools.testing.plugin import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
# Print each status to stderr; the calls themselves run unchanged.
STATUSES = "curl() { command curl -w '%{stderr}%{http_code}\\n' \"$@\"; }\n"


@pytest.fixture
def student(transactional_db: None) -> User:
    """Return the demo student that the examples log in as."""
    return make_user("Student")


def documented(heading: str) -> str:
    """Return the commands below a heading of the page."""
    page = (settings.BASE_DIR / "docs" / "api.md").read_text()
    section = page.split(f"### {heading}\n", 1)[1]
    return re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1)


def run(heading: str, site: str, folder: Path, typed: str = "") -> tuple[list[str], str]:
    """Run the commands below a heading; return the statuses of the calls, and their output."""
    environment = {"PATH": os.environ["PATH"], "BASE": f"{site}/api/v1"}
    command = ["bash", "-euo", "pipefail", "-c", STATUSES + documented(heading)]
    done = subprocess.run(
        command, env=environment, cwd=folder, input=typed, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stderr.split(), done.stdout


def test_by_bearer_token(live_site: str, student: User, tmp_path: Path) -> None:
    statuses, printed = run("By bearer token", live_site, tmp_path)
    assert statuses == ["200", "200", "200", "200", "204"]
    assert '"email":"student@example.com"' in printed
    assert SocketTicket.objects.count() == 1
    assert LoginSession.objects.get().ended_at is not None


def test_by_cookie(live_site: str, student: User, tmp_path: Path, settings: Any) -> None:
    statuses, printed = run("By cookie", live_site, tmp_path)
    assert statuses == ["200", "200", "200", "200", "204"]
    assert printed.count('"email":"student@example.com"') == 2
    assert "access_token" not in printed
    assert LoginSession.objects.get().ended_at is not None


def test_with_a_second_factor(live_site: str, student: User, tmp_path: Path) -> None:
    secret, _codes = turn_on(student)
    statuses, printed = run("With a second factor", live_site, tmp_path, typed=f"{code_of(secret)}\n")
    assert statuses == ["200", "200"]
    assert '"access_token"' in printed
