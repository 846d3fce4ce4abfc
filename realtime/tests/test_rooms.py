"""Rooms: access, delivery to subscribers, and the end of access."""

import json
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import LoginSession, Role, User
from courses.models import Course
from courses.services import unpublish_course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from enrollments.rooms import course_room
from realtime import broadcast, rooms
from realtime.authentication import Caller
from realtime.hub import filter_members
from realtime.tests.conftest import SAVED_SECONDS
from realtime.tests.connections import cookie_headers, request_room, run, socket, token_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("any_layer")]
FORBIDDEN = {"type": "error", "code": "forbidden"}
BAD = {"type": "error", "code": "bad_message"}


def responses_to(user: User, *requests: tuple[str, Any]) -> list[dict[str, Any]]:
    """Open a socket, send each request about a room, and return the responses."""
    token = token_of(user)

    async def talk() -> list[dict[str, Any]]:
        device = socket(f"?token={token}")
        await device.connect()
        responses = [await request_room(device, message_type, course_id) for message_type, course_id in requests]
        await device.disconnect()
        return responses

    return run(talk())


@pytest.mark.quality("W02")
def test_only_members_of_a_course_can_enter_its_room(
    alice: User, bob: User, carol: User, dan: User, erin: User, course: Course, enrollment: Enrollment
) -> None:
    subscribed = {"type": "subscribed", "course_id": str(course.pk)}
    people = (alice, bob, dan, carol, erin)
    found = {person.email: responses_to(person, ("subscribe", str(course.pk)))[0] for person in people}
    assert found == {person.email: subscribed if person in (alice, bob, dan) else FORBIDDEN for person in people}


@pytest.mark.quality("V01")
@pytest.mark.parametrize("credential", ["token", "cookie", "ticket", "session"])
def test_an_administrator_without_the_second_factor_enters_no_room(
    credential: str, dan: User, course: Course, settings: Any
) -> None:
    settings.MFA_REQUIRED_FOR_STAFF = True

    async def enter(query: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
        device = socket(query, headers)
        await device.connect()
        response = await request_room(device, "subscribe", str(course.pk))
        await device.disconnect()
        return response

    for verified_at, expected in ((None, "error"), (timezone.now(), "subscribed")):
        browser = Client()
        browser.force_login(dan)
        token = token_of(dan)
        LoginSession.objects.filter(user=dan).update(verified_at=verified_at)
        ticket = APIClient(headers={"Authorization": f"Bearer {token}"}).post("/api/v1/auth/ws-ticket").json()["ticket"]
        session_key = browser.cookies["sessionid"].value
        query, headers = {
            "token": (f"?token={token}", []),
            "cookie": ("", cookie_headers(f"access={token}")),
            "ticket": (f"?ticket={ticket}", []),
            "session": ("", cookie_headers(f"sessionid={session_key}")),
        }[credential]
        assert run(enter(query, headers))["type"] == expected


@pytest.mark.quality("V01")
def test_a_limited_socket_leaves_rooms_that_only_the_role_opens(dan: User, bob: User, course: Course) -> None:
    room = course_room(course)
    callers = [Caller(dan.pk), Caller(dan.pk, is_limited=True), Caller(bob.pk)]
    assert filter_members([(caller, room) for caller in callers]) == {(callers[0], room)}


@pytest.mark.quality("W02")
def test_unknown_rooms_are_forbidden_and_other_values_are_invalid(bob: User, course: Course) -> None:
    group = "user.00000000-0000-0000-0000-000000000000"
    requests = [("subscribe", value) for value in (group, "sockets", "", 7, None, [], {"a": 1})]
    assert responses_to(bob, *requests, ("unsubscribe", 7)) == [FORBIDDEN] * 3 + [BAD] * 5


def test_unsubscribing_leaves_a_room(alice: User, course: Course) -> None:
    requests = [("subscribe", str(course.pk)), ("unsubscribe", str(course.pk))]
    assert [response["type"] for response in responses_to(alice, *requests)] == ["subscribed", "unsubscribed"]


@pytest.mark.quality("W02")
def test_room_changes_reach_only_subscribers(alice: User, bob: User, course: Course, enrollment: Enrollment) -> None:
    tokens = [token_of(alice), token_of(bob), token_of(bob)]

    async def watch() -> tuple[dict[str, Any], dict[str, Any], bool]:
        devices = [socket(f"?token={token}") for token in tokens]
        for device in devices:
            await device.connect()
        for device in devices[:2]:
            await request_room(device, "subscribe", str(course.pk))
        await sync_to_async(broadcast.send_room_change)(course_room(course), 1, {"id": None, "event": "chat_message"})
        received = await devices[0].json(), await devices[1].json(), await devices[2].is_silent()
        for device in devices:
            await device.disconnect()
        return received

    message = {"id": None, "event": "chat_message"}
    assert run(watch()) == (message, message, True)


def lose_access(user: User, course: Course, act: Any) -> tuple[dict[str, Any], float, bool]:
    """Enter a room and call `act`; return the next message, the seconds until it, and whether the room is silent."""
    token = token_of(user)

    async def watch() -> tuple[dict[str, Any], float, bool]:
        device = socket(f"?token={token}")
        await device.connect()
        await request_room(device, "subscribe", str(course.pk))
        await sync_to_async(act)()
        started = time.monotonic()
        message = json.loads((await device.message(6))["text"])
        seconds = time.monotonic() - started
        await sync_to_async(broadcast.send_room_change)(course_room(course), 1, {"id": None, "event": "chat_message"})
        is_silent = await device.is_silent()
        await device.disconnect()
        return message, seconds, is_silent

    return run(watch())


@pytest.mark.quality("W02")
def test_the_end_of_an_enrollment_removes_the_user_from_the_room_at_once(
    bob: User, course: Course, enrollment: Enrollment
) -> None:
    message, seconds, is_silent = lose_access(
        bob, course, lambda: enrollments.end_enrollment(actor=bob, enrollment=enrollment, reason="Moved")
    )
    assert message == {"type": "unsubscribed", "course_id": str(course.pk)}
    assert seconds < 1, "the broadcast event did not arrive"
    assert is_silent


@pytest.mark.quality("W02")
@pytest.mark.parametrize("how", ["ended without a broadcast event", "course unpublished"])
def test_lost_access_removes_the_user_from_the_room_within_five_seconds(
    alice: User, bob: User, course: Course, enrollment: Enrollment, how: str, frequent_polling: None
) -> None:
    actions = {
        "ended without a broadcast event": lambda: Enrollment.objects.filter(pk=enrollment.pk).update(is_active=False),
        "course unpublished": lambda: unpublish_course(actor=alice, course=course),
    }
    message, seconds, is_silent = lose_access(bob, course, actions[how])
    assert message["type"] == "unsubscribed"
    assert seconds < 5 - SAVED_SECONDS
    assert is_silent


@pytest.mark.quality("V05", "W02")
def test_the_end_of_the_role_removes_the_instructor_from_the_room(
    alice: User, course: Course, frequent_polling: None
) -> None:
    message, seconds, is_silent = lose_access(
        alice, course, lambda: User.objects.filter(pk=alice.pk).update(role=Role.STUDENT)
    )
    assert message["type"] == "unsubscribed"
    assert seconds < 5 - SAVED_SECONDS
    assert is_silent


def test_checking_a_hundred_users_needs_no_more_queries_than_two(
    course: Course, enrollment: Enrollment, bob: User, carol: User, django_assert_num_queries: Any
) -> None:
    for several in ([bob.pk, carol.pk], [bob.pk, carol.pk, *[User().pk for _ in range(98)]]):
        with django_assert_num_queries(3):
            allowed = {user for user, _room in _allowed(several, course)}
        assert allowed == {bob.pk}


def _allowed(users: list[Any], course: Course) -> set[Any]:
    return rooms.filter_allowed(((user, course_room(course)) for user in users), is_limited=False)
