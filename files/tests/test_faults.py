"""What goes wrong while a file is on its way: kills, too much at once, and the process's memory."""

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
from files import services, tasks, uploading
from files.downloads import asked_part
from files.models import File, Purpose
from files.storage import the_storage
from files.tests.samples import PDF, form, image, upload
from lms.bench import large_files
from lms.testing.racing import MOST_ROUNDS, at_once, kinds

URL = "/api/v1/files/upload"


@pytest.mark.long
@pytest.mark.quality("F05")
@pytest.mark.quality("F10")
@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
def test_two_hundred_megabytes_cost_the_process_little_and_a_gigabyte_is_not_read(server: str) -> None:
    rows = large_files.rows((server,))
    assert {name: value for name, value, _unit, bar in rows if value > bar} == {}
    assert len(rows) == 6


@pytest.mark.quality("F07")
@pytest.mark.django_db(transaction=True)
def test_a_kill_between_bytes_and_row_leaves_an_orphan_that_is_swept(
    bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [connection.settings_dict["NAME"], str(settings.MEDIA_ROOT), bob.email, image().hex()]
    done = subprocess.run(
        [sys.executable, "-m", "lms.testing.killed_upload", *map(str, arguments)],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "lms.settings"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert File.objects.count() == 0
    [(orphan, _written)] = the_storage().stored("uploads")
    monkeypatch.setattr(tasks, "GRACE", timedelta(seconds=-60))
    assert tasks.sweep_orphans() == 1
    assert not Path(settings.MEDIA_ROOT, orphan).exists()


@pytest.mark.quality("F09")
def test_the_quota_ends_an_upload_while_it_arrives(
    bob: User, api_of: Callable[[User], APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "QUOTA", 100)
    answer = api_of(bob).post(URL, form("me.png", image(), purpose="avatar"), format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "quota_exceeded")
    assert list(the_storage().stored("uploads")) == []


def twenty_arrive_at_once(alice: User, course: Course, monkeypatch: pytest.MonkeyPatch) -> list[File | Exception]:
    """Let twenty files arrive at once where there is room for five more; return what became of each."""
    monkeypatch.setattr(services, "QUOTA", (File.objects.count() + 5) * len(PDF))

    def send(_number: int) -> File:
        return services.upload(
            actor=alice, content=upload("a.pdf", PDF), purpose=Purpose.COURSE_MATERIAL, course_id=course.pk
        )

    return at_once(20, send)


@pytest.mark.postgres
@pytest.mark.quality("F09")
@pytest.mark.django_db(transaction=True)
def test_twenty_uploads_at_once_stay_within_the_quota(
    alice: User, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = twenty_arrive_at_once(alice, course, monkeypatch)
    assert kinds(outcomes) == {"File": 5, "quota_exceeded": 15}
    assert len(list(the_storage().stored("uploads"))) == File.objects.count() == 5  # what was refused left no bytes


@pytest.mark.postgres
@pytest.mark.quality("F09")
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_each_sees_the_room_that_all_the_others_take(
    alice: User, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **options: self)

    def breaks() -> bool:
        return kinds(twenty_arrive_at_once(alice, course, monkeypatch))["File"] > 5

    assert any(breaks() for _round in range(MOST_ROUNDS))
    assert len(list(the_storage().stored("uploads"))) == File.objects.count()


@pytest.mark.quality("F09")
def test_the_thirty_first_upload_of_an_hour_is_429(
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
def test_a_range_is_read_as_the_standard_says(header: str) -> None:
    assert asked_part(header, 100) == RANGES[header]
