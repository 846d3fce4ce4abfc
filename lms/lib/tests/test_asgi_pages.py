"""Under ASGI a request is answered in one thread, which the next request finds there."""

import asyncio
import threading
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse

from lms.lib.asgi_pages import MOST_IDLE_THREADS, Pages

SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What happened in which thread. Two requests that come together meet in the middle."""
    seen: list[tuple[str, int]] = []

    def answer(self: Pages, request: HttpRequest) -> HttpResponse:
        seen.append(("answer", threading.get_ident()))
        return HttpResponse("there")

    monkeypatch.setattr(Pages, "get_response", answer)
    return seen


async def ask(pages: Pages) -> bytes:
    client = ApplicationCommunicator(pages, SCOPE)
    await client.send_input({"type": "http.request", "body": b""})
    await client.receive_output(timeout=30)
    body: bytes = (await client.receive_output(timeout=30))["body"]
    await client.wait(timeout=30)
    return body


def test_a_request_begins_is_answered_and_ends_in_one_thread(threads: list[tuple[str, int]]) -> None:
    def note(signal: Any, **_rest: Any) -> None:
        threads.append(("begins" if signal is request_started else "ends", threading.get_ident()))

    request_started.connect(note)
    request_finished.connect(note)
    try:
        assert asyncio.run(ask(Pages())) == b"there"
    finally:
        request_started.disconnect(note)
        request_finished.disconnect(note)
    assert [what for what, _thread in threads] == ["begins", "answer", "ends"]
    assert len({thread for _what, thread in threads}) == 1
    assert threads[0][1] != threading.get_ident()


def test_the_next_request_finds_the_thread_of_the_last(threads: list[tuple[str, int]]) -> None:
    pages = Pages()

    async def one_after_the_other() -> None:
        for _request in range(3):
            await ask(pages)

    asyncio.run(one_after_the_other())
    assert len(set(threads)) == 1


def test_requests_that_come_together_are_answered_together(monkeypatch: pytest.MonkeyPatch) -> None:
    pages, meeting = Pages(), threading.Barrier(MOST_IDLE_THREADS + 4)

    def answer(self: Pages, request: HttpRequest) -> HttpResponse:
        meeting.wait(timeout=30)  # nobody gets past before all are here
        return HttpResponse("there")

    monkeypatch.setattr(Pages, "get_response", answer)

    async def together() -> list[bytes]:
        return await asyncio.gather(*(ask(pages) for _request in range(meeting.parties)))

    assert asyncio.run(together()) == [b"there"] * meeting.parties
    assert len(pages._idle) == MOST_IDLE_THREADS
