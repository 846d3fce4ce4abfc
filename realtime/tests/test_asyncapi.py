"""What is really sent is what the AsyncAPI document says."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from jsonschema import Draft202012Validator

from accounts.models import User
from assignments import grading, handing_in
from assignments.tests.samples import write_assignment
from courses.models import Course
from courses.services import update_course
from enrollments import services as enrollments
from enrollments.rooms import room_of
from lms.testing.plugin import buy_course, complete_all_lessons
from quizzes import attempts
from quizzes.marking import tell_student
from quizzes.tests.conftest import begin, make_quiz
from realtime import announcing, chat, hints
from realtime.asyncapi import document, sent_schemas
from realtime.models import Event
from realtime.tests.knocking import run, socket, token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[Any]]]:
    """Everything that was told during a test, by event, as clients get it."""
    found: dict[str, list[Any]] = defaultdict(list)
    real_news, real_said = hints.news, hints.said_in

    def news(told: Any) -> None:
        for notification in told:
            found[notification.event].append(as_sent(notification.as_message()))
        real_news(told)

    def said_in(room: Any, change: int, message: Any) -> None:
        found[message["event"]].append(as_sent(message))
        real_said(room, change, message)

    with patch.object(hints, "news", news), patch.object(hints, "said_in", said_in):
        yield found


def as_sent(message: dict[str, Any]) -> Any:
    return json.loads(hints.as_json(message))


def complaints(name: str, message: Any) -> list[str]:
    checker = Draft202012Validator(sent_schemas()[name], format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{name} {list(error.path)}: {error.message}" for error in checker.iter_errors(message)]


def test_every_push_is_as_documented(
    said: dict[str, list[Any]], alice: User, bob: User, course: Course, paid_course: Course
) -> None:
    enrollment = enrollments.enroll(actor=bob, user=bob, course=course)
    update_course(actor=alice, course=course, title="Green tea")
    announcing.announce(actor=alice, room=room_of(course), subject="Exam", text="On Friday. " * 50)
    message = chat.post(actor=alice, room=room_of(course), text="@Bob Example: welcome! " * 50)
    chat.edit(actor=alice, message=message, text="Welcome!")
    chat.hide(actor=alice, message=message)
    chat.hide(actor=alice, message=message, hidden=False)
    chat.delete(actor=alice, message=message)
    work = handing_in.submit(actor=bob, assignment=write_assignment(course), content="Tea.")
    grading.grade_submission(actor=alice, submission=work, grade=7, feedback="Good.")
    tell_student(attempts.submit(actor=bob, attempt=begin(bob, make_quiz(alice, course))))
    complete_all_lessons(enrollment)
    buy_course(bob, paid_course)
    assert said.keys() == set(Event.values), "not every event happened"
    assert [c for event, messages in said.items() for one in messages for c in complaints(event, one)] == []
    assert {one["id"] is None for one in said["chat_message"]} == {True, False}


def test_what_is_not_as_documented_is_found() -> None:
    """Control: the schemas refuse what a client must not meet."""
    good = {"id": 1, "event": "payment_succeeded", "created_at": "2026-01-01T00:00:00Z"}
    ids = {"order_id": "6f0f2c9e-3b1c-4b5e-9a64-0d8f1f9a1b11", "course_id": "6f0f2c9e-3b1c-4b5e-9a64-0d8f1f9a1b11"}
    good["payload"] = {**ids, "title": "Tea"}
    assert complaints("payment_succeeded", good) == []
    for bad in (
        {**good, "id": None},
        {**good, "event": "announcement"},
        {**good, "extra": 1},
        {**good, "payload": ids},
        {**good, "payload": {**good["payload"], "email": "bob@example.com"}},
    ):
        assert complaints("payment_succeeded", bad) != []


def test_every_answer_of_the_socket_is_as_documented(alice: User, course: Course) -> None:
    token = token_of(alice)
    subscribe = {"type": "subscribe", "course_id": str(course.pk)}
    asked = [{"type": "ping"}, subscribe, {**subscribe, "type": "unsubscribe"}, {**subscribe, "course_id": "x"}, {}]

    async def talk() -> list[Any]:
        device = socket(f"?token={token}")
        await device.connect()
        answers = []
        for question in asked:
            await device.send(json.dumps(question))
            answers.append(await device.json())
        await device.disconnect()
        return answers

    answers = run(talk())
    assert [answer["type"] for answer in answers] == ["pong", "subscribed", "unsubscribed", "error", "error"]
    assert [complaint for answer in answers for complaint in complaints(answer["type"], answer)] == []


def test_the_document_is_served_and_whole(client: Any) -> None:
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
