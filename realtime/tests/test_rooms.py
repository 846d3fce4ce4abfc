"""Rooms: who may enter, who hears what, and who has to leave."""

import json
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.models import User
from courses.models import Course
from courses.services import unpublish_course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from enrollments.rooms import room_of
from realtime import hints, rooms
from realtime.tests.conftest import SOONER_SECONDS
from realtime.tests.knocking import ask, run, socket, token_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("any_layer")]
FORBIDDEN = {"type": "error", "code": "forbidden"}
BAD = {"type": "error", "code": "bad_message"}


def answers(user: User, *asked: tuple[str, Any]) -> list[dict[str, Any]]:
    """Open a socket, ask for each thing, and return how it was answered."""
    token = token_of(user)

    async def talk() -> list[dict[str, Any]]:
        device = socket(f"?token={token}")
        await device.connect()
        heard = [await ask(device, kind, course_id) for kind, course_id in asked]
        await device.disconnect()
        return heard

    return run(talk())


@pytest.mark.quality("W02")
def test_only_who_belongs_to_a_course_enters_its_room(
    alice: User, bob: User, carol: User, dan: User, erin: User, course: Course, enrollment: Enrollment
) -> None:
    inside = {"type": "subscribed", "course_id": str(course.pk)}
    people = (alice, bob, dan, carol, erin)
    found = {person.email: answers(person, ("subscribe", str(course.pk)))[0] for person in people}
    assert found == {person.email: inside if person in (alice, bob, dan) else FORBIDDEN for person in people}


@pytest.mark.quality("W02")
def test_what_is_no_room_is_forbidden_and_what_is_no_message_is_bad(bob: User, course: Course) -> None:
    group = "user.00000000-0000-0000-0000-000000000000"
    asked = [("subscribe", value) for value in (group, "sockets", "", 7, None, [], {"a": 1})]
    assert answers(bob, *asked, ("unsubscribe", 7)) == [FORBIDDEN] * 3 + [BAD] * 5


def test_somebody_who_leaves_a_room_hears_it_no_more(alice: User, course: Course) -> None:
    asked = [("subscribe", str(course.pk)), ("unsubscribe", str(course.pk))]
    assert [answer["type"] for answer in answers(alice, *asked)] == ["subscribed", "unsubscribed"]


@pytest.mark.quality("W02")
def test_of_a_room_only_those_inside_hear(alice: User, bob: User, course: Course, enrollment: Enrollment) -> None:
    tokens = [token_of(alice), token_of(bob), token_of(bob)]

    async def watch() -> tuple[dict[str, Any], dict[str, Any], bool]:
        devices = [socket(f"?token={token}") for token in tokens]
        for device in devices:
            await device.connect()
        for device in devices[:2]:
            await ask(device, "subscribe", str(course.pk))
        await sync_to_async(hints.said_in)(room_of(course), 1, {"id": None, "event": "chat_message"})
        heard = await devices[0].json(), await devices[1].json(), await devices[2].is_silent()
        for device in devices:
            await device.disconnect()
        return heard

    said = {"id": None, "event": "chat_message"}
    assert run(watch()) == (said, said, True)


def put_out_after(user: User, course: Course, act: Any) -> tuple[dict[str, Any], float, bool]:
    """Enter a room, do something; return what the socket is told, after how many seconds, and whether it is deaf."""
    token = token_of(user)

    async def watch() -> tuple[dict[str, Any], float, bool]:
        device = socket(f"?token={token}")
        await device.connect()
        await ask(device, "subscribe", str(course.pk))
        await sync_to_async(act)()
        began = time.monotonic()
        told = json.loads((await device.message(6))["text"])
        seconds = time.monotonic() - began
        await sync_to_async(hints.said_in)(room_of(course), 1, {"id": None, "event": "chat_message"})
        deaf = await device.is_silent()
        await device.disconnect()
        return told, seconds, deaf

    return run(watch())


@pytest.mark.quality("W02")
def test_the_room_of_a_course_is_left_at_once_when_the_enrolment_ends(
    bob: User, dan: User, course: Course, enrollment: Enrollment
) -> None:
    told, seconds, deaf = put_out_after(
        bob, course, lambda: enrollments.revoke(actor=dan, enrollment=enrollment, reason="refunded")
    )
    assert told == {"type": "unsubscribed", "course_id": str(course.pk)}
    assert seconds < 1, "the hint did not come"
    assert deaf


@pytest.mark.quality("W02")
@pytest.mark.parametrize("how", ["ended without a hint", "course taken out"])
def test_the_room_is_left_within_five_seconds_whatever_ends_the_right(
    alice: User, bob: User, course: Course, enrollment: Enrollment, how: str, looked_at_often: None
) -> None:
    ways = {
        "ended without a hint": lambda: Enrollment.objects.filter(pk=enrollment.pk).update(is_active=False),
        "course taken out": lambda: unpublish_course(actor=alice, course=course),
    }
    told, seconds, deaf = put_out_after(bob, course, ways[how])
    assert told["type"] == "unsubscribed"
    assert seconds < 5 - SOONER_SECONDS
    assert deaf


def test_looking_whether_a_hundred_may_stay_costs_as_many_queries_as_for_two(
    course: Course, enrollment: Enrollment, bob: User, carol: User, django_assert_num_queries: Any
) -> None:
    for several in ([bob.pk, carol.pk], [bob.pk, carol.pk, *[User().pk for _ in range(98)]]):
        with django_assert_num_queries(3):
            from_table = {user for user, _room in _inside(several, course)}
        assert from_table == {bob.pk}


def _inside(users: list[Any], course: Course) -> set[Any]:
    return rooms.those_inside((user, room_of(course)) for user in users)
