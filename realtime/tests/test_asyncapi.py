"""The messages of the WebSocket match the AsyncAPI document."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from jsonschema import Draft202012Validator

from accounts.models import User
from assignments import grading, submissions
from assignments.tests.samples import write_assignment
from courses.models import Course
from courses.services import update_course
from enrollments import services as enrollments
from enrollments.rooms import course_room
from quizzes import attempts
from quizzes.grading import notify_student
from quizzes.tests.conftest import begin, make_quiz
from realtime import announcements, broadcast, chat
from realtime.asyncapi import document, sent_schemas
from realtime.models import Event
from realtime.tests.connections import run, socket, token_of
from tools.testing.plugin import buy_course, complete_all_lessons

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent_messages() -> Iterator[dict[str, list[Any]]]:
    """Collect the messages that are sent during a test, by event, as clients receive them."""
    messages: dict[str, list[Any]] = defaultdict(list)
    send_notifications, send_room_change = broadcast.send_notifications, broadcast.send_room_change

    def collect_notifications(notifications: Any) -> None:
        for notification in notifications:
            messages[notification.event].append(as_sent(notification.as_message()))
        send_notifications(notifications)

    def collect_room_change(room: Any, change: int, message: Any) -> None:
        messages[message["event"]].append(as_sent(message))
        send_room_change(room, change, message)

    with (
        patch.object(broadcast, "send_notifications", collect_notifications),
        patch.object(broadcast, "send_room_change", collect_room_change),
    ):
        yield messages


def as_sent(message: dict[str, Any]) -> Any:
    return json.loads(broadcast.as_json(message))


def validation_errors(name: str, message: Any) -> list[str]:
    checker = Draft202012Validator(sent_schemas()[name], format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{name} {list(error.path)}: {error.message}" for error in checker.iter_errors(message)]


def test_every_event_matches_its_schema(
    sent_messages: dict[str, list[Any]], alice: User, bob: User, course: Course, paid_course: Course
) -> None:
    enrollment = enrollments.enroll(actor=bob, user=bob, course=course)
    update_course(actor=alice, course=course, title="Green tea")
    announcements.announce(actor=alice, room=course_room(course), subject="Exam", text="On Friday. " * 50)
    message = chat.post(actor=alice, room=course_room(course), text="@Bob Example: welcome! " * 50)
    chat.edit(actor=alice, message=message, text="Welcome!")
    chat.hide(actor=alice, message=message)
    chat.hide(actor=alice, message=message, hidden=False)
    chat.delete(actor=alice, message=message)
    work = submissions.submit(actor=bob, assignment=write_assignment(course), content="Tea.")
    grading.grade_submission(actor=alice, submission=work, grade=7, feedback="Good.")
    notify_student(attempts.submit_attempt(actor=bob, attempt=begin(bob, make_quiz(alice, course))))
    grading.grade_submission(actor=alice, submission=work, grade=None, return_for_revision=True)
    enrollments.remove_student(actor=alice, enrollment=enrollment, reason="Shared the exam.")
    enrollments.readmit_student(actor=alice, enrollment=enrollment)
    complete_all_lessons(enrollment)
    buy_course(bob, paid_course)
    assert sent_messages.keys() == set(Event.values), "not every event was sent"
    found = [(event, message) for event, messages in sent_messages.items() for message in messages]
    assert [error for event, message in found for error in validation_errors(event, message)] == []
    assert {message["id"] is None for message in sent_messages["chat_message"]} == {True, False}


def test_control_invalid_messages_fail_validation() -> None:
    good = {"id": 1, "event": "payment_succeeded", "created_at": "2026-01-01T00:00:00Z"}
    ids = {"order_id": "6f0f2c9e-3b1c-4b5e-9a64-0d8f1f9a1b11", "course_id": "6f0f2c9e-3b1c-4b5e-9a64-0d8f1f9a1b11"}
    good["payload"] = {**ids, "title": "Tea"}
    assert validation_errors("payment_succeeded", good) == []
    for bad in (
        {**good, "id": None},
        {**good, "event": "announcement"},
        {**good, "extra": 1},
        {**good, "payload": ids},
        {**good, "payload": {**good["payload"], "email": "bob@example.com"}},
    ):
        assert validation_errors("payment_succeeded", bad) != []


def test_every_response_of_the_socket_matches_its_schema(alice: User, course: Course) -> None:
    token = token_of(alice)
    subscribe = {"type": "subscribe", "course_id": str(course.pk)}
    requests = [{"type": "ping"}, subscribe, {**subscribe, "type": "unsubscribe"}, {**subscribe, "course_id": "x"}, {}]

    async def talk() -> list[Any]:
        device = socket(f"?token={token}")
        await device.connect()
        responses = []
        for request in requests:
            await device.send(json.dumps(request))
            responses.append(await device.json())
        await device.disconnect()
        return responses

    responses = run(talk())
    assert [response["type"] for response in responses] == ["pong", "subscribed", "unsubscribed", "error", "error"]
    assert [error for response in responses for error in validation_errors(response["type"], response)] == []


def test_the_document_is_served_and_complete(client: Any) -> None:
    served = client.get("/api/v1/asyncapi.json").json()
    assert served == json.loads(json.dumps(document()))
    assert served["asyncapi"].startswith("3.")
    names = set(served["components"]["messages"])
    assert set(Event.values) < names
    assert {name for operation in served["operations"].values() for name in names_in(operation)} == names
    for message in served["components"]["messages"].values():
        Draft202012Validator.check_schema(message["payload"])
    assert all(served["components"]["messages"][event]["summary"] for event in Event.values)


def names_in(operation: Any) -> list[str]:
    return [reference["$ref"].rsplit("/", 1)[1] for reference in operation["messages"]]
