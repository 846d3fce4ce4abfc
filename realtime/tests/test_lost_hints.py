"""What happens in a room while its hints get lost is heard all the same, in order and once (QUALITY W04)."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from enrollments.rooms import room_of
from lms.testing.sockets import Socket
from realtime import chat, hints, hub
from realtime.consumers import NotificationConsumer
from realtime.models import Message
from realtime.tests.knocking import ask, run, socket, token_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.quality("W04")]


@pytest.fixture
def losing() -> Iterator[Callable[[int], None]]:
    """Return a function that lets the next so many hints get lost."""
    left = 0
    publish = hints.publish

    def lose(many: int) -> None:
        nonlocal left
        left = many

    def sometimes(message: dict[str, Any]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            publish(message)

    with patch.object(hints, "publish", sometimes):
        yield lose


async def inside(token: str, course: Course) -> Socket:
    """Return a socket that is in the room of a course."""
    device = socket(f"?token={token}")
    await device.connect()
    assert (await ask(device, "subscribe", str(course.pk)))["type"] == "subscribed"
    return device


def heard(bob: User, course: Course, talk: Callable[[], None], many: int) -> list[tuple[int, str, str]]:
    """Return what Bob hears of a talk, so many things and then nothing: number, what happened, text."""
    token = token_of(bob)

    async def listen() -> list[dict[str, Any]]:
        device = await inside(token, course)
        await sync_to_async(talk)()
        found = [json.loads((await device.message(6))["text"])["payload"] for _ in range(many)]
        assert await device.is_silent(1.5), "heard twice"
        await device.disconnect()
        return found

    return [(one["message_id"], one["action"], one["text"]) for one in run(listen())]


def test_what_no_hint_brings_is_found_in_the_table(
    alice: User, bob: User, course: Course, enrollment: Enrollment, losing: Any, looked_at_often: None
) -> None:
    def talk() -> None:
        losing(5)
        first, second, _third = (chat.post(actor=alice, room=room_of(course), text=text) for text in "abc")
        chat.edit(actor=alice, message=first, text="A")
        chat.hide(actor=alice, message=second)

    assert heard(bob, course, talk, 3) == [(3, "posted", "c"), (1, "edited", "A"), (2, "hidden", "")]


@pytest.mark.usefixtures("any_layer")
def test_the_next_hint_shows_that_others_got_lost(
    alice: User, bob: User, course: Course, enrollment: Enrollment, losing: Any, looked_at_never: None
) -> None:
    def talk() -> None:
        for text in ("a", "b", "c"):
            losing(1 if text == "b" else 0)
            chat.post(actor=alice, room=room_of(course), text=text)

    assert heard(bob, course, talk, 3) == [(1, "posted", "a"), (2, "posted", "b"), (3, "posted", "c")]


def test_a_change_whose_message_is_gone_is_waited_for_no_longer(
    alice: User, bob: User, course: Course, enrollment: Enrollment, losing: Any, looked_at_never: None
) -> None:
    def talk() -> None:
        losing(1)
        chat.post(actor=alice, room=room_of(course), text="a")
        Message.objects.all().delete()
        for text in ("b", "c"):
            chat.post(actor=alice, room=room_of(course), text=text)

    assert heard(bob, course, talk, 2) == [(2, "posted", "b"), (3, "posted", "c")]


def test_more_than_is_read_at_once_is_heard_whole(
    alice: User,
    bob: User,
    course: Course,
    enrollment: Enrollment,
    losing: Any,
    looked_at_often: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "CHANGES_TOGETHER", 2)

    def talk() -> None:
        losing(5)
        for text in "abcde":
            chat.post(actor=alice, room=room_of(course), text=text)

    assert [text for _number, _action, text in heard(bob, course, talk, 5)] == list("abcde")


def test_a_fault_in_the_hub_makes_it_deaf_for_a_moment_only(
    alice: User, bob: User, course: Course, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    hear, faults = hub.Hub._hear_in, [ValueError("nobody thought of this")]

    async def stumbling(self: hub.Hub, *args: Any) -> None:
        if faults:
            raise faults.pop()
        await hear(self, *args)

    monkeypatch.setattr(hub.Hub, "_hear_in", stumbling)

    def talk() -> None:
        for text in ("a", "b"):
            chat.post(actor=alice, room=room_of(course), text=text)

    assert heard(bob, course, talk, 2) == [(1, "posted", "a"), (2, "posted", "b")]
    assert "nobody thought of this" in caplog.text


def test_what_waits_while_the_database_is_away_is_sent(
    bob: User, course: Course, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch, looked_at_never: None
) -> None:
    token = token_of(bob)

    async def listen() -> dict[str, Any]:
        away = asyncio.Event()

        async def fails(_self: NotificationConsumer) -> list[tuple[int, str]]:
            await away.wait()
            raise OperationalError("the database is away")

        monkeypatch.setattr(NotificationConsumer, "_missed", fails)
        device = socket(f"?token={token}&since=0")
        await device.connect()
        await device.send(json.dumps({"type": "ping"}))
        assert await device.is_silent(), "the answer does not wait for the table"
        away.set()
        answer = await device.json()
        await device.disconnect()
        return answer

    assert run(listen()) == {"type": "pong"}
