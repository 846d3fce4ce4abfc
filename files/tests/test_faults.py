"""Failures during uploads: killed processes, quotas, concurrent uploads and memory use."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from files import services, tasks, upload_handlers
from files.downloads import parse_range
from files.models import File, Purpose
from files.storage import file_storage
from files.tests.samples import PDF, form, image, upload
from tools.bench import large_files
from tools.testing.races import MAX_ROUNDS, count_outcomes, run_concurrently

URL = "/api/v1/files/upload"


@pytest.mark.long
@pytest.mark.quality("F05")
@pytest.mark.quality("F10")
@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_memory_stays_low_for_200_mb_and_1_gb_is_not_read(server: str) -> None:
    rows = large_files.measure_servers((server,))
    assert {name: value for name, value, _unit, bar in rows if value > bar} == {}
    assert len(rows) == 6


@pytest.mark.quality("F07")
@pytest.mark.django_db(transaction=True)
def test_upload_killed_before_its_row_leaves_an_orphan_that_is_deleted(
    bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [connection.settings_dict["NAME"], str(settings.MEDIA_ROOT), bob.email, image().hex()]
    done = subprocess.run(
        [sys.executable, "-m", "tools.testing.killed_upload", *map(str, arguments)],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "lms.settings"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert File.objects.count() == 0
    [(orphan, _modified)] = file_storage().list_blobs("uploads")
    monkeypatch.setattr(tasks, "GRACE", timedelta(seconds=-60))
    assert tasks.sweep_orphans() == 1
    assert not Path(settings.MEDIA_ROOT, orphan).exists()


@pytest.mark.quality("F09")
def test_quota_stops_an_upload_while_it_arrives(
    bob: User, api_of: Callable[[User], APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_handlers, "QUOTA", 100)
    answer = api_of(bob).post(URL, form("me.png", image(), purpose="avatar"), format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "quota_exceeded")
    assert list(file_storage().list_blobs("uploads")) == []


def upload_twenty_at_once(alice: User, course: Course, monkeypatch: pytest.MonkeyPatch) -> list[File | Exception]:
    """Upload twenty files concurrently with quota for five more; return the file or the exception of each."""
    monkeypatch.setattr(services, "QUOTA", (File.objects.count() + 5) * len(PDF))

    def send(_number: int) -> File:
        return services.upload(
            actor=alice, content=upload("a.pdf", PDF), purpose=Purpose.COURSE_MATERIAL, course_id=course.pk
        )

    return run_concurrently(20, send)


@pytest.mark.postgres
@pytest.mark.quality("F09")
@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_uploads_stay_within_the_quota(
    alice: User, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = upload_twenty_at_once(alice, course, monkeypatch)
    assert count_outcomes(outcomes) == {"File": 5, "quota_exceeded": 15}
    assert (
        len(list(file_storage().list_blobs("uploads"))) == File.objects.count() == 5
    )  # rejected uploads left no bytes


@pytest.mark.postgres
@pytest.mark.quality("F09")
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_concurrent_uploads_exceed_the_quota(
    alice: User, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **options: self)

    def exceeds_quota() -> bool:
        return count_outcomes(upload_twenty_at_once(alice, course, monkeypatch))["File"] > 5

    assert any(exceeds_quota() for _round in range(MAX_ROUNDS))
    assert len(list(file_storage().list_blobs("uploads"))) == File.objects.count()


@pytest.mark.quality("F09")
def test_thirty_first_upload_within_an_hour_is_429(
    bob: User, api_of: Callable[[User], APIClient], settings: Any
) -> None:
    settings.RATE_LIMITS = True
    client = api_of(bob)
    answers = [client.post(URL, form("me.png", image(), purpose="avatar"), format="multipart") for _try in range(31)]
    assert [answer.status_code for answer in answers] == [201] * 30 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


RANGES = {
    "": (0, 100), "bytes=0-9": (0, 10), "bytes=90-": (90, 10), "bytes=-5": (95, 5), "bytes=50-999": (50, 50),
    "bytes=-999": (0, 100), "bytes=100-": None, "bytes=9-3": None, "bytes=-0": None, "bytes=-": (0, 100),
    "lines=1-2": (0, 100), "bytes=0-1,5-6": (0, 100), "bytes=x-y": (0, 100),
}  # fmt: skip


@pytest.mark.quality("F10")
@pytest.mark.parametrize("header", RANGES)
def test_range_header_is_parsed_as_rfc_9110_defines(header: str) -> None:
    assert parse_range(header, 100) == RANGES[header]
