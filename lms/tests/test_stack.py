"""Tests for a complete production stack on this machine."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from certificates.models import Certificate
from core.mail.delivery import read_message
from courses.models import Course
from tools.testing.processes import process_environment, wait_until
from tools.testing.stack import run_stack

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
PASSWORD = "a long walk home"


def wait_for_mail(folder: Path, subject: str) -> str:
    """Wait for the mail with this subject, and return its text."""

    def found() -> list[Any]:
        messages = [read_message(path) for path in folder.glob("mail/*.eml")]
        return [message for message in messages if subject in str(message["Subject"])]

    wait_until(lambda: bool(found()), f"no mail with the subject {subject}")
    return found()[0].get_body(("plain",)).get_content()


def register_and_log_in(client: httpx.Client, folder: Path) -> str:
    """Register, log in, and verify the email address by the link; return the access token."""
    person = {"email": "eve@example.com", "password": PASSWORD, "full_name": "Eve"}
    assert client.post("/api/v1/users/", json=person).status_code == 201
    answer = client.post("/api/v1/auth/token", json={"email": person["email"], "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    token = re.search(r"\?token=(\S+)", wait_for_mail(folder, "onfirm"))[1]
    confirmed = client.post("/api/v1/auth/email/verify/confirm", json={"token": token})
    assert confirmed.status_code == 200, confirmed.text
    return str(answer.json()["access_token"])


@pytest.mark.long
@pytest.mark.quality("X12")
def test_the_stack_serves_pages_sockets_and_jobs_and_shuts_down(course: Course, tmp_path: Path) -> None:
    given = {name: value for name, value in process_environment(tmp_path).items() if name != "REDIS_URL"}
    with run_stack(tmp_path, given=given) as stack, stack.client() as client:
        ready = client.get("/readyz")
        assert ready.status_code == 200, ready.text
        page = client.get("/courses/")
        assert page.status_code == 200
        assert course.title in page.text
        style = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
        assert "immutable" in client.get(style).headers["Cache-Control"]
        token = register_and_log_in(client, tmp_path)
        with connect(f"{stack.sockets}/ws/notifications?token={token}", ssl=stack.ssl_context()) as socket:
            made = client.post("/api/v1/enrollments/", json={"course_id": str(course.pk)})
            assert made.status_code == 201, made.text
            for lesson in course.lessons.all():
                done = {"lesson_id": str(lesson.pk)}
                address = f"/api/v1/enrollments/{made.json()['id']}/progress"
                assert client.put(address, json=done).status_code == 200
            heard = [json.loads(socket.recv(timeout=60)) for _one in range(2)]
        assert heard
        wait_until(lambda: Certificate.objects.exclude(pdf="").exists(), "no worker rendered the certificate")
        # uvicorn exits by the signal that it received after closing everything.
        assert stack.terminate() == {**dict.fromkeys(stack.processes, 0), "sockets": -signal.SIGTERM}
