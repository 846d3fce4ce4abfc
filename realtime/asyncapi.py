"""What the WebSocket sends and takes, as an AsyncAPI 3 document with a JSON Schema for each message.

`realtime/tests/test_asyncapi.py` holds what is really sent against these schemas.
"""

from typing import Any

from django.conf import settings

from realtime.chat import EXCERPT
from realtime.events import Event
from realtime.models.chat import LONGEST_MESSAGE
from realtime.rooms import kinds

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
ID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
COUNT: Schema = {"type": "integer", "minimum": 0}


def _object(**properties: Schema) -> Schema:
    """Return the schema of an object that has these properties, all of them, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _or_null(schema: Schema) -> Schema:
    return {"oneOf": [schema, {"type": "null"}]}


COURSE = {"course_id": ID, "title": TEXT}
PAYLOADS: dict[str, Schema] = {
    Event.LESSON_COMPLETED: _object(**COURSE, lesson_id=ID, enrollment_id=ID, progress=PERCENT, lessons_done=COUNT),
    Event.COURSE_UPDATED: _object(**COURSE, changes={"type": "array", "items": TEXT}),
    Event.NEW_ENROLLMENT: _object(**COURSE, enrollment_id=ID, student_name=TEXT),
    Event.ASSIGNMENT_GRADED: _object(
        **COURSE, assignment_id=ID, submission_id=ID, grade=_or_null({"type": "number", "minimum": 0})
    ),
    Event.QUIZ_GRADED: _object(
        **COURSE, quiz_id=ID, attempt_id=ID, score=_or_null({"type": "number"}), passed=_or_null({"type": "boolean"})
    ),
    Event.CERTIFICATE_ISSUED: _object(**COURSE, certificate_id=ID, certificate_number=TEXT),
    Event.PAYMENT_SUCCEEDED: _object(**COURSE, order_id=ID),
    Event.ANNOUNCEMENT: _object(
        **COURSE, url=TEXT, announcement_id=ID, subject=TEXT, text={**TEXT, "maxLength": EXCERPT}, author_name=TEXT
    ),
    Event.CHAT_MESSAGE: _object(
        **COURSE,
        url=TEXT,
        message_id={"type": "integer", "minimum": 1},
        action={"enum": ["posted", "edited", "deleted", "hidden", "shown"]},
        state={"enum": ["shown", "hidden", "deleted"]},
        author_id=ID,
        author_name=TEXT,
        text={**TEXT, "maxLength": LONGEST_MESSAGE},
        posted_at=TIME,
        edited_at=_or_null(TIME),
        mention={"type": "boolean"},
    ),
}
SUMMARIES: dict[str, str] = {
    Event.LESSON_COMPLETED: "A student finished a lesson: told to their own devices.",
    Event.COURSE_UPDATED: "A published course changed: told to its students.",
    Event.NEW_ENROLLMENT: "Somebody joined a course: told to its instructor.",
    Event.ASSIGNMENT_GRADED: "Work is graded, or graded anew: told to its student.",
    Event.QUIZ_GRADED: "An attempt is graded by hand or by the clock: told to its student.",
    Event.CERTIFICATE_ISSUED: "A certificate can be downloaded: told to its holder.",
    Event.PAYMENT_SUCCEEDED: "A payment arrived: told to its buyer.",
    Event.ANNOUNCEMENT: "The instructor told the course something: told to its students. `text` is its beginning.",
    Event.CHAT_MESSAGE: (
        "Something was said in a course. Without a number (`id` is null), to those who subscribed to it; with one, and "
        "`mention` true, to those who are mentioned, whose `text` is its beginning."
    ),
}


def event_schema(event: str) -> Schema:
    """Return the schema of the whole message about one kind of event."""
    number: Schema = {"type": "integer", "minimum": 1}
    return _object(
        id=_or_null(number) if event == Event.CHAT_MESSAGE else number,
        event={"const": event},
        payload=PAYLOADS[event],
        created_at=TIME,
    )


def _answers() -> dict[str, Schema]:
    """Return the schemas of what the server says in answer to a client."""
    rooms = dict.fromkeys(kinds, ID)
    return {
        "pong": _object(type={"const": "pong"}),
        "subscribed": _object(type={"const": "subscribed"}, **rooms),
        "unsubscribed": _object(type={"const": "unsubscribed"}, **rooms),
        "error": _object(type={"const": "error"}, code={"enum": ["bad_message", "forbidden", "too_many_rooms"]}),
    }


def _questions() -> dict[str, Schema]:
    """Return the schemas of what a client may say."""
    rooms = dict.fromkeys(kinds, ID)
    return {
        "ping": _object(type={"const": "ping"}),
        "subscribe": _object(type={"const": "subscribe"}, **rooms),
        "unsubscribe": _object(type={"const": "unsubscribe"}, **rooms),
    }


def sent_schemas() -> dict[str, Schema]:
    """Return the schema of everything that the server sends, by the name of the message."""
    return {**{event: event_schema(event) for event in Event.values}, **_answers()}


def document() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    sent, taken = sent_schemas(), _questions()
    scheme, _sep, host = settings.SITE_URL.partition("://")
    messages = {
        name: {"name": name, "summary": SUMMARIES.get(name, ""), "payload": schema}
        for name, schema in {**sent, **taken}.items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Campus events",
            "version": "1.0.0",
            "description": (
                "What concerns a user, as it happens. `id` grows by one per user; `?since=` replays what came after "
                "it. Closes: 4401 not, or no longer, signed in; 4429 too many messages or sockets; 1009 a frame over "
                "64 KiB; 1013 too slow a reader."
            ),
        },
        "servers": {"site": {"host": host, "protocol": "wss" if scheme == "https" else "ws"}},
        "channels": {
            "notifications": {
                "address": "/ws/notifications",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"query": _query()}},
            }
        },
        "operations": {
            "hear": _operation("send", sent),
            "ask": _operation("receive", taken),
        },
        "components": {"messages": messages},
    }


def _query() -> Schema:
    return {
        "type": "object",
        "properties": {
            "ticket": {**TEXT, "description": "From POST /auth/ws-ticket: opens one socket within a minute."},
            "token": {**TEXT, "description": "An access token. A ticket is better: addresses stand in logs."},
            "since": {**TEXT, "pattern": "^[0-9]+$", "description": "The last id that the client has."},
        },
    }


def _operation(action: str, messages: dict[str, Schema]) -> dict[str, Any]:
    channel = "#/channels/notifications"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in messages],
    }
