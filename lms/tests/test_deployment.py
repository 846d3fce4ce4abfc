"""Tests for deployment files, the build of the image, pinned dependencies, and the migration linter."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.db import migrations, models

from core.db.migration_safety import faults
from lms.celery import app

ROOT: Path = settings.BASE_DIR
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
PODS: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/campus.yaml").read_text()))
LONGEST_TASK_SECONDS = 120


def queues_of(command: str) -> set[str]:
    found = re.search(r"-Q,? ?([\w,]+)", command)
    return set(found[1].split(",")) if found else set()


def every_queue() -> set[str]:
    return {settings.CELERY_TASK_DEFAULT_QUEUE, *(route["queue"] for route in settings.CELERY_TASK_ROUTES.values())}


def test_every_queue_has_a_worker() -> None:
    by_compose = set().union(*(queues_of(str(service.get("command", ""))) for service in COMPOSE.values()))
    pods = [pod["spec"]["template"]["spec"]["containers"][0] for pod in PODS if pod["kind"] == "Deployment"]
    by_pods = set().union(*(queues_of(" ".join(pod.get("command", []))) for pod in pods))
    assert by_compose == by_pods == every_queue()
    assert every_queue() == {"default", "mail", "documents"}


def test_there_is_one_beat_and_migrations_run_before_other_services() -> None:
    assert [name for name, service in COMPOSE.items() if " beat " in str(service.get("command", ""))] == ["beat"]
    beat = next(pod for pod in PODS if pod["metadata"]["name"] == "campus-beat")
    assert (beat["spec"]["replicas"], beat["spec"]["strategy"]["type"]) == (1, "Recreate")
    assert COMPOSE["migrate"]["restart"] == "no"
    ours = ["web", "sockets", "worker", "worker-mail", "worker-documents", "beat"]
    assert {COMPOSE[name]["depends_on"]["migrate"]["condition"] for name in ours} == {"service_completed_successfully"}


@pytest.mark.quality("X12")
def test_the_grace_periods_of_processes_are_long_enough() -> None:
    def seconds(text: str) -> int:
        return int(text.removesuffix("s"))

    assert seconds(COMPOSE["web"]["stop_grace_period"]) > 30
    for name in ("worker", "worker-mail", "worker-documents"):
        assert seconds(COMPOSE[name]["stop_grace_period"]) > settings.CELERY_TASK_TIME_LIMIT
    grace = {
        pod["metadata"]["name"]: pod["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30)
        for pod in PODS
        if pod["kind"] == "Deployment"
    }
    assert grace["campus-web"] > 30
    assert grace["campus-worker"] > settings.CELERY_TASK_TIME_LIMIT == LONGEST_TASK_SECONDS


@pytest.mark.django_db
def test_every_scheduled_task_is_registered() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} - set(app.tasks) == set()


@pytest.mark.long
def test_the_build_steps_of_the_image_work_in_a_clean_folder(tmp_path: Path) -> None:
    """Run collectstatic and load the application as the Dockerfile does, without installing packages."""
    given = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    clean = tmp_path / "campus"
    for name in filter(None, given.split("\0")):
        if (ROOT / name).is_file():
            (clean / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clean / name)
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    step = next(line for line in dockerfile.splitlines() if "collectstatic" in line).removeprefix("RUN ")
    step = (
        step.partition("&&")[0].replace("python ", f"{sys.executable} ").replace("/tmp/build", str(tmp_path / "build"))
    )
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(step, shell=True, cwd=clean, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(list((clean / "staticfiles").rglob("*.css"))) > 5
    production = bare | dict(part.split("=", 1) for part in step.split() if "=" in part and not part.startswith("--"))
    loads = [sys.executable, "-m", "gunicorn", "lms.wsgi", "--check-config"]
    production |= {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}
    checked = subprocess.run(loads, cwd=clean, env=production, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr[-2000:]


@pytest.mark.quality("X15")
@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_dependency_is_pinned_by_version_and_hash(lock: str) -> None:
    """`make audit` checks for known vulnerabilities, which needs internet access."""
    entries = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    named = [line for line in entries if line and not line.lstrip().startswith("#")]
    assert len(named) > 50
    assert [line for line in named if not re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def migration(*operations: Any, **more: Any) -> Any:
    return type("Migration", (migrations.Migration,), {"operations": list(operations), **more})


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (migrations.RemoveField("course", "title"), "Stop using it; remove it"),
        (migrations.DeleteModel("Course"), "Stop using it; remove it"),
        (migrations.RenameField("course", "title", "name"), "uses the old name"),
        (migrations.RenameModel("Course", "Class"), "uses the old name"),
        (migrations.AddField("course", "level", models.CharField(max_length=9, default="")), "db_default"),
    ],
    ids=str,
)
def test_incompatible_migrations_are_reported(operation: Any, reason: str) -> None:
    assert reason in faults(migration(operation))[0]
    assert faults(migration(operation, contracts="Unused since the last release.")) == []


def test_compatible_migrations_pass() -> None:
    table = migrations.CreateModel("Room", [("id", models.AutoField(primary_key=True))])
    fine = [
        migrations.AddField("course", "level", models.CharField(max_length=9, null=True)),
        migrations.AddField("course", "size", models.IntegerField(db_default=0)),
        table,
        migrations.AddField("room", "name", models.CharField(max_length=9)),
        migrations.AddIndex("course", models.Index(fields=["level"], name="x")),
    ]
    assert faults(migration(*fine)) == []


def test_the_migration_linter_checks_migrations_added_in_git(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("lint_migrations", since="HEAD")
    assert "can run at the same time" in capsys.readouterr().out
