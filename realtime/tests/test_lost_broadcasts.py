"""Room changes whose broadcast events are lost are delivered once and in order (quality row W04)."""

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
from enrollments.rooms import course_room
from realtime import broadcast, chat, hub
from realtime.consumers import NotificationConsumer
from realtime.models import Message
from realtime.tests.connections import request_room, run, socket, token_of
from tools.testing.sockets import Socket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.quality("W04")]


@pytest.fixture
def lose_events() -> Iterator[Callable[[int], None]]:
    """Return a function that drops the next broadcast events; it takes their number."""
    left = 0
    publish = broadcast.publish

    def lose(count: int) -> None:
        nonlocal left
        left = count

    def publish_or_drop(message: dict[str, Any]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            publish(message)

    with patch.object(broadcast, "publish", publish_or_drop):
        yield lose


async def subscribed_socket(token: str, course: Course) -> Socket:
    """Return a socket that has subscribed to a course."""
    device = socket(f"?token={token}")
    await device.connect()
    assert (await request_room(device, "subscribe", str(course.pk)))["type"] == "subscribed"
    return device


def received_changes(bob: User, course: Course, act: Callable[[], None], count: int) -> list[tuple[int, str, str]]:
    """Call `act`, and return number, action and text of the `count` changes that Bob's socket receives."""
    token = token_of(bob)

    async def listen() -> list[dict[str, Any]]:
        device = await subscribed_socket(token, course)
        await sync_to_async(act)()
        payloads = [json.loads((await device.message(6))["text"])["payload"] for _ in range(count)]
        assert await device.is_silent(1.5), "received twice"
        await device.disconnect()
        return payloads

    return [(payload["message_id"], payload["action"], payload["text"]) for payload in run(listen())]


def test_changes_without_a_broadcast_event_are_found_by_polling(
    alice: User, bob: User, course: Course, enrollment: Enrollment, lose_events: Any, frequent_polling: None
) -> None:
    def make_changes() -> None:
        lose_events(5)
        first, second, _third = (chat.post(actor=alice, room=course_room(course), text=text) for text in "abc")
        chat.edit(actor=alice, message=first, text="A")
        chat.hide(actor=alice, message=second)

    assert received_changes(bob, course, make_changes, 3) == [(3, "posted", "c"), (1, "edited", "A"), (2, "hidden", "")]


@pytest.mark.usefixtures("any_layer")
def test_the_next_broadcast_event_reveals_lost_ones(
    alice: User, bob: User, course: Course, enrollment: Enrollment, lose_events: Any, no_polling: None
) -> None:
    def make_changes() -> None:
        for text in ("a", "b", "c"):
            lose_events(1 if text == "b" else 0)
            chat.post(actor=alice, room=course_room(course), text=text)

    assert received_changes(bob, course, make_changes, 3) == [
        (1, "posted", "a"),
        (2, "posted", "b"),
        (3, "posted", "c"),
    ]


def test_a_change_of_a_deleted_row_does_not_block_later_changes(
    alice: User, bob: User, course: Course, enrollment: Enrollment, lose_events: Any, no_polling: None
) -> None:
    def make_changes() -> None:
        lose_events(1)
        chat.post(actor=alice, room=course_room(course), text="a")
        Message.objects.all().delete()
        for text in ("b", "c"):
            chat.post(actor=alice, room=course_room(course), text=text)

    assert received_changes(bob, course, make_changes, 2) == [(2, "posted", "b"), (3, "posted", "c")]


def test_more_changes_than_one_query_returns_are_all_delivered(
    alice: User,
    bob: User,
    course: Course,
    enrollment: Enrollment,
    lose_events: Any,
    frequent_polling: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "CHANGES_PER_QUERY", 2)

    def make_changes() -> None:
        lose_events(5)
        for text in "abcde":
            chat.post(actor=alice, room=course_room(course), text=text)

    assert [text for _number, _action, text in received_changes(bob, course, make_changes, 5)] == list("abcde")


def test_the_hub_continues_after_an_unexpected_error(
    alice: User, bob: User, course: Course, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    handle_room_change, errors = hub.Hub._handle_room_change, [ValueError("unexpected error")]

    async def fail_once(self: hub.Hub, *args: Any) -> None:
        if errors:
            raise errors.pop()
        await handle_room_change(self, *args)

    monkeypatch.setattr(hub.Hub, "_handle_room_change", fail_once)

    def make_changes() -> None:
        for text in ("a", "b"):
            chat.post(actor=alice, room=course_room(course), text=text)

    assert received_changes(bob, course, make_changes, 2) == [(1, "posted", "a"), (2, "posted", "b")]
    assert "unexpected error" in caplog.text


def test_queued_messages_are_sent_while_the_database_is_down(
    bob: User, course: Course, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch, no_polling: None
) -> None:
    token = token_of(bob)

    async def listen() -> dict[str, Any]:
        database_failed = asyncio.Event()

        async def fail(_self: NotificationConsumer) -> list[tuple[int, str]]:
            await database_failed.wait()
            raise OperationalError("the database is down")

        monkeypatch.setattr(NotificationConsumer, "_missed", fail)
        device = socket(f"?token={token}&since=0")
        await device.connect()
        await device.send(json.dumps({"type": "ping"}))
        assert await device.is_silent(), "the response does not wait for the database"
        database_failed.set()
        answer = await device.json()
        await device.disconnect()
        return answer

    assert run(listen()) == {"type": "pong"}
