"""Bodies without Content-Length, sent in chunks to real servers of both kinds (quality row V03)."""

import json
import re
import socket
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from django.conf import settings

from core.http.body_limit import ChunkedBodies
from payments import webhooks
from tools.bench.large_files import LARGE, LIMIT, PASSWORD, Site, run_site

pytestmark = [
    pytest.mark.long,
    pytest.mark.xdist_group("chunked bodies"),  # each server is started once
]
JSON = {"Content-Type": "application/json"}
QUESTION = {
    "question_type": "multiple_choice",
    "question_text": "Which leaf is green tea?",
    "points": 2,
    "options": [{"id": "a", "text": "Unoxidized"}, {"id": "b", "text": "Oxidized"}],
    "correct_answer": "a",
}


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def running(request: Any) -> Iterator[Site]:
    """The site under this server; gunicorn with threads, as in production."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GUNICORN_CMD_ARGS", "--threads 4")
        with run_site(request.param) as started:
            yield started


def in_chunks(body: bytes, size: int = 32 * 1024) -> Iterator[bytes]:
    """Yield a body in pieces, which httpx sends as chunks without a Content-Length."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of an error of the one shape."""
    return answer.status_code, answer.json()["errors"][0]["code"]


def student(running: Site, name: str) -> httpx.Client:
    """Register a student; return a client with their token."""
    person = {"email": f"{name}@example.com", "password": PASSWORD, "full_name": name}
    client = httpx.Client(base_url=f"{running.address}/api/v1", timeout=60)
    client.post("/users/", json=person).raise_for_status()
    tokens = client.post("/auth/token", json={"email": person["email"], "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {tokens.json()['access_token']}"
    return client


def published_quiz(teacher: httpx.Client, course_id: str) -> tuple[str, str]:
    """Return the ids of a published quiz and of its only question."""
    quiz = teacher.post("/quizzes/", json={"course_id": course_id, "title": "Leaves"}).raise_for_status().json()
    question = teacher.post(f"/quizzes/{quiz['id']}/questions/", json=QUESTION).raise_for_status().json()
    teacher.post(f"/quizzes/{quiz['id']}/publish").raise_for_status()
    return quiz["id"], question["id"]


@pytest.mark.quality("V03")
def test_a_chunked_submission_of_a_quiz_is_graded_by_its_answers(running: Site) -> None:
    teacher = running.client
    course_id = teacher.post("/courses/", json={"title": "Green tea"}).raise_for_status().json()["id"]
    teacher.post(f"/courses/{course_id}/lessons/", json={"title": "One", "is_published": True}).raise_for_status()
    quiz_id, question_id = published_quiz(teacher, course_id)
    teacher.post(f"/courses/{course_id}/publish").raise_for_status()
    bob = student(running, "Bob")
    bob.post("/enrollments/", json={"course_id": course_id}).raise_for_status()
    attempt = bob.post(f"/quizzes/{quiz_id}/attempts/").raise_for_status().json()
    body = json.dumps({"answers": {question_id: "a"}}).encode()
    path = f"/quizzes/{quiz_id}/attempts/{attempt['id']}/submit"
    done = bob.post(path, content=in_chunks(body, 7), headers=JSON)
    assert (done.status_code, done.json()["score"]) == (200, 100)


@pytest.mark.quality("V03")
def test_a_chunked_upload_of_200_megabytes_arrives_and_is_not_held_in_memory(running: Site) -> None:
    before = running.memory("VmRSS")
    uploaded = running.upload(LARGE, announced=False)
    assert uploaded.status_code == 201, uploaded.content
    assert running.download(uploaded.json()["id"]) == LARGE
    assert running.memory("VmHWM") - before < LIMIT
    assert running.leftovers() == []


@pytest.mark.quality("V03")
def test_a_chunked_form_of_a_page_arrives(running: Site) -> None:
    with httpx.Client(base_url=running.address, timeout=60) as browser:
        page = browser.get("/account/login/").text
        [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page))
        form = urlencode({"csrfmiddlewaretoken": token, "username": "bench@example.com", "password": PASSWORD}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"{running.address}/account/login/"}
        answer = browser.post("/account/login/", content=in_chunks(form, 7), headers=kind)
        assert (answer.status_code, answer.headers.get("location")) == (302, "/teach/dashboard/")


@pytest.mark.quality("V03")
def test_a_chunked_event_beyond_the_limit_of_the_webhook_is_413(running: Site) -> None:
    body = b'{"a": "' + b"x" * webhooks.MAX_BODY_BYTES + b'"}'
    assert refusal(running.client.post("/payments/webhook", content=in_chunks(body), headers=JSON)) == (
        413,
        "too_large",
    )


@pytest.mark.quality("V03")
def test_chunked_json_beyond_what_is_held_in_memory_is_413(running: Site) -> None:
    body = b'{"title": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    answer = running.client.post("/courses/", content=in_chunks(body), headers=JSON)
    assert refusal(answer) == (413, "too_large")


@pytest.mark.quality("V03")
@pytest.mark.parametrize("chunk", [b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}{}\r\n0\r\n\r\n"])
def test_chunks_that_are_malformed_are_400(running: Site, chunk: bytes) -> None:
    assert raw_status(running, [b"Transfer-Encoding: chunked"], chunk) == 400


@pytest.mark.quality("V03")
def test_a_body_with_two_lengths_is_400(running: Site) -> None:
    headers = [b"Transfer-Encoding: chunked", b"Content-Length: 2"]
    assert raw_status(running, headers, b"2\r\n{}\r\n0\r\n\r\n") == 400


def raw_status(running: Site, headers: list[bytes], body: bytes) -> int:
    """Post bytes that no client would send; return the answer's status."""
    address = urlsplit(running.address)
    lines = [b"POST /api/v1/auth/token HTTP/1.1", f"Host: {address.netloc}".encode(), b"Connection: close"]
    lines += [b"Content-Type: application/json", *headers, b"", body]
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(b"\r\n".join(lines))
        return int(connection.makefile("rb").readline().split()[1])


def ask(environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the status of a WSGI request through ChunkedBodies, and its error or the environment that came through."""
    statuses: list[str] = []
    through: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        through.update(environ)
        start_response("200 OK", [])
        return []

    answer = ChunkedBodies(app, 100)(environ, lambda status, _headers: statuses.append(status))
    content = b"".join(answer)
    return statuses[0], json.loads(content)["errors"][0] if content else through


@pytest.mark.quality("V03")
def test_a_chunked_body_whose_end_the_server_does_not_mark_is_411() -> None:
    status, error = ask({"HTTP_TRANSFER_ENCODING": "chunked"})
    assert (status, error["code"]) == ("411 Length Required", "length_required")


@pytest.mark.quality("V03")
def test_an_upload_with_its_length_is_passed_on_unread() -> None:
    environ = {"CONTENT_LENGTH": "1000", "wsgi.input": object()}
    assert ask(environ) == ("200 OK", environ)
