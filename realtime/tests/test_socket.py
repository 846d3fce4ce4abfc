"""`/ws/notifications`: authentication, delivery and replay of missed notifications."""

from typing import Any
from unittest.mock import patch

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction

from accounts.models import LoginSession, User
from accounts.tokens import TokenPair, start_session
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from realtime.models import Event, Notification
from realtime.services import push
from realtime.tests.connections import close_code, run, session_headers, socket
from tools.testing.sockets import Socket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("any_layer")]


def crafted_tokens(pair: TokenPair, user: User) -> dict[str, str]:
    head, body, signature = pair.access_token.split(".")
    ended = start_session(user=user)
    LoginSession.objects.filter(user=user).order_by("-created_at").first().delete()
    return {
        "none": "",
        "empty": "?token=",
        "nonsense": "?token=nonsense",
        "refresh token": f"?token={pair.refresh_token}",
        "edited": f"?token={head}.{body[:-2]}AA.{signature}",
        "no signature": f"?token={head}.{body}.",
        "of an ended login": f"?token={ended.access_token}",
        "twice, the last one bad": f"?token={pair.access_token}&token=x",
    }


@pytest.mark.quality("W01")
def test_invalid_tokens_are_closed_with_4401_before_any_data(bob: User) -> None:
    queries = crafted_tokens(start_session(user=bob), bob)

    async def codes() -> dict[str, int | None]:
        return {name: await close_code(socket(query)) for name, query in queries.items()}

    assert set(run(codes()).values()) == {4401}


@pytest.mark.quality("W01")
def test_an_inactive_user_is_closed_with_4401(bob: User) -> None:
    token = start_session(user=bob).access_token
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert run(close_code(socket(f"?token={token}"))) == 4401


@pytest.mark.quality("W01")
def test_a_valid_access_token_opens_a_socket(bob: User) -> None:
    token = start_session(user=bob).access_token
    assert run(close_code(socket(f"?token={token}"))) is None
    assert run(close_code(Socket(f"/ws/notifications/?token={token}"))) is None


def test_a_completed_lesson_reaches_every_device_of_the_user(bob: User, course: Course, enrollment: Enrollment) -> None:
    token = start_session(user=bob).access_token
    lesson_id = course.lessons.first().pk

    async def watch() -> list[dict[str, Any]]:
        devices = [socket(f"?token={token}"), socket(headers=session_headers_of_bob)]
        for device in devices:
            await device.connect()
        await sync_to_async(enrollments.complete_lesson)(actor=bob, enrollment=enrollment, lesson_id=lesson_id)
        received = [await device.json() for device in devices]
        for device in devices:
            await device.disconnect()
        return received

    session_headers_of_bob = session_headers(bob)
    first, second = run(watch())
    assert first == second
    assert (first["event"], first["payload"]["progress"]) == ("lesson_completed", 33)
    assert first["payload"]["lesson_id"] == str(lesson_id)
    assert first["created_at"].endswith("Z")


@pytest.mark.quality("W02")
def test_notifications_do_not_reach_other_users(bob: User, carol: User) -> None:
    token = start_session(user=carol).access_token

    async def watch() -> bool:
        hers = socket(f"?token={token}")
        await hers.connect()
        await sync_to_async(push)([bob.pk], Event.COURSE_UPDATED, {"text": "for Bob"})
        silent = await hers.is_silent()
        await hers.disconnect()
        return silent

    assert run(watch())


def push_and_fail(user: User) -> None:
    push([user.pk], Event.COURSE_UPDATED, {})
    raise ZeroDivisionError


@pytest.mark.quality("W08")
def test_a_rollback_sends_no_notification(bob: User) -> None:
    with patch("realtime.broadcast.publish") as sent:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            push_and_fail(bob)
        assert not sent.called
        assert not Notification.objects.exists()

        with transaction.atomic():
            push([bob.pk], Event.COURSE_UPDATED, {})
            assert not sent.called
        assert sent.called


@pytest.mark.quality("W04")
def test_missed_notifications_are_replayed_once_and_in_order(bob: User) -> None:
    for number in range(1, 6):
        push([bob.pk], Event.COURSE_UPDATED, {"number": number})
    token = start_session(user=bob).access_token

    async def watch() -> list[int]:
        device = socket(f"?token={token}&since=2")
        await device.connect()
        await sync_to_async(push)([bob.pk], Event.COURSE_UPDATED, {"number": 6})
        numbers = [(await device.json())["id"] for _ in range(4)]
        assert await device.is_silent()
        await device.disconnect()
        return numbers

    assert run(watch()) == [3, 4, 5, 6]


@pytest.mark.quality("W04")
def test_a_gap_in_the_numbers_is_filled_from_the_database(bob: User) -> None:
    """The broadcast events of two processes may arrive in reverse order."""
    token = start_session(user=bob).access_token

    async def watch() -> list[int]:
        device = socket(f"?token={token}")
        await device.connect()
        with patch("realtime.broadcast.publish"):
            await sync_to_async(push)([bob.pk], Event.COURSE_UPDATED, {})
        await sync_to_async(push)([bob.pk], Event.COURSE_UPDATED, {})
        numbers = [(await device.json())["id"] for _ in range(2)]
        await device.disconnect()
        return numbers

    assert run(watch()) == [1, 2]


@pytest.mark.quality("W04")
def test_a_push_succeeds_while_the_channel_layer_is_down(bob: User) -> None:
    with patch("realtime.broadcast.get_channel_layer") as layer:
        layer.return_value.group_send.side_effect = ConnectionError("down")
        push([bob.pk], Event.COURSE_UPDATED, {})
    assert Notification.objects.get().number == 1


def test_pings_are_answered_and_invalid_messages_reported(bob: User) -> None:
    token = start_session(user=bob).access_token

    async def talk() -> list[dict[str, Any]]:
        device = socket(f"?token={token}")
        await device.connect()
        responses = []
        for text in ('{"type": "ping"}', "{", "[1]", '{"type": "dance"}', '{"type": "ping"}'):
            await device.send(text)
            responses.append(await device.json())
        await device.disconnect()
        return responses

    bad = {"type": "error", "code": "bad_message"}
    assert run(talk()) == [{"type": "pong"}, bad, bad, bad, {"type": "pong"}]


def test_numbers_increase_by_one_per_user(bob: User, carol: User) -> None:
    push([bob.pk, carol.pk, bob.pk], Event.COURSE_UPDATED, {})
    push([bob.pk], Event.COURSE_UPDATED, {})
    numbers = {
        user: list(user.notifications.order_by("number").values_list("number", flat=True)) for user in (bob, carol)
    }
    assert numbers == {bob: [1, 2], carol: [1]}


@pytest.mark.quality("G10")
def test_pushing_to_a_hundred_users_needs_no_more_queries_than_to_two(bob: User, django_assert_num_queries) -> None:
    people = [
        User.objects.create_user(f"p{number}@example.com", "x", full_name=f"P{number}").pk for number in range(100)
    ]
    for several in (people[:2], people):
        # begin, preferences, missing inboxes, lock of the inboxes, new numbers, notifications, commit
        with django_assert_num_queries(7):
            push(several, Event.COURSE_UPDATED, {})
