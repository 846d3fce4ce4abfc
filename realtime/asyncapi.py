"""AsyncAPI 3 document of the WebSocket, with a JSON Schema for each message.

`realtime/tests/test_asyncapi.py` validates the messages that are sent against these schemas.
"""

from typing import Any

from django.conf import settings

from realtime.chat import EXCERPT_LENGTH
from realtime.events import Event
from realtime.models.chat import MAX_MESSAGE_LENGTH
from realtime.rooms import room_types

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
ID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
COUNT: Schema = {"type": "integer", "minimum": 0}


def _object(**properties: Schema) -> Schema:
    """Return the schema of an object with exactly these properties, all of them required."""
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
    Event.ENROLLMENT_ENDED: _object(**COURSE, enrollment_id=ID, reason=TEXT, barred={"type": "boolean"}),
    Event.ENROLLMENT_RESTORED: _object(**COURSE, enrollment_id=ID),
    Event.ASSIGNMENT_GRADED: _object(
        **COURSE, assignment_id=ID, submission_id=ID, grade=_or_null({"type": "number", "minimum": 0})
    ),
    Event.ASSIGNMENT_RETURNED: _object(**COURSE, url=TEXT, assignment_id=ID, submission_id=ID),
    Event.QUIZ_GRADED: _object(
        **COURSE, quiz_id=ID, attempt_id=ID, score=_or_null({"type": "number"}), passed=_or_null({"type": "boolean"})
    ),
    Event.CERTIFICATE_ISSUED: _object(**COURSE, certificate_id=ID, certificate_number=TEXT),
    Event.PAYMENT_SUCCEEDED: _object(**COURSE, order_id=ID),
    Event.ANNOUNCEMENT: _object(
        **COURSE,
        url=TEXT,
        announcement_id=ID,
        subject=TEXT,
        text={**TEXT, "maxLength": EXCERPT_LENGTH},
        author_name=TEXT,
    ),
    Event.CHAT_MESSAGE: _object(
        **COURSE,
        url=TEXT,
        message_id={"type": "integer", "minimum": 1},
        action={"enum": ["posted", "edited", "deleted", "hidden", "shown"]},
        state={"enum": ["shown", "hidden", "deleted"]},
        author_id=ID,
        author_name=TEXT,
        author_avatar_url=_or_null(TEXT),
        text={**TEXT, "maxLength": MAX_MESSAGE_LENGTH},
        text_html=TEXT,
        posted_at=TIME,
        edited_at=_or_null(TIME),
        mention={"type": "boolean"},
    ),
}
SUMMARIES: dict[str, str] = {
    Event.LESSON_COMPLETED: "A student completed a lesson. Sent to the student's own devices.",
    Event.COURSE_UPDATED: "A published course was changed. Sent to its students.",
    Event.NEW_ENROLLMENT: "A student enrolled in a course. Sent to its instructor.",
    Event.ENROLLMENT_ENDED: (
        "An enrollment was ended by another user or by a refund. Sent to the student, who may enroll again unless "
        "`barred` is true."
    ),
    Event.ENROLLMENT_RESTORED: "A student who was removed from a course was readmitted. Sent to the student.",
    Event.ASSIGNMENT_GRADED: "A submission was graded or regraded. Sent to its student.",
    Event.ASSIGNMENT_RETURNED: "A submission was returned for revision. Sent to its student.",
    Event.QUIZ_GRADED: "A quiz attempt was graded manually or after its time ran out. Sent to its student.",
    Event.CERTIFICATE_ISSUED: "A certificate can be downloaded. Sent to its holder.",
    Event.PAYMENT_SUCCEEDED: "A payment succeeded. Sent to the buyer.",
    Event.ANNOUNCEMENT: "The instructor posted an announcement. Sent to the course's students. `text` is an excerpt.",
    Event.CHAT_MESSAGE: (
        "A message in a course's chat was posted or changed. With `id` null, sent to sockets that subscribed to the "
        "course. With a number and `mention` true, sent to mentioned members; `text` is an excerpt then."
    ),
}


def event_schema(event: str) -> Schema:
    """Return the schema of the complete message of an event."""
    number: Schema = {"type": "integer", "minimum": 1}
    return _object(
        id=_or_null(number) if event == Event.CHAT_MESSAGE else number,
        event={"const": event},
        payload=PAYLOADS[event],
        created_at=TIME,
    )


def _server_responses() -> dict[str, Schema]:
    """Return the schemas of the server's responses to a client."""
    room = {field: ID for field, _type in room_types.items()}
    return {
        "pong": _object(type={"const": "pong"}),
        "subscribed": _object(type={"const": "subscribed"}, **room),
        "unsubscribed": _object(type={"const": "unsubscribed"}, **room),
        "error": _object(type={"const": "error"}, code={"enum": ["bad_message", "forbidden", "too_many_rooms"]}),
    }


def _client_messages() -> dict[str, Schema]:
    """Return the schemas of the messages that a client may send."""
    room = {field: ID for field, _type in room_types.items()}
    return {
        "ping": _object(type={"const": "ping"}),
        "subscribe": _object(type={"const": "subscribe"}, **room),
        "unsubscribe": _object(type={"const": "unsubscribe"}, **room),
    }


def sent_schemas() -> dict[str, Schema]:
    """Return the schemas of all messages that the server sends, by name."""
    return {**{event: event_schema(event) for event in Event.values}, **_server_responses()}


def document() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    sent, received = sent_schemas(), _client_messages()
    scheme, _sep, host = settings.SITE_URL.partition("://")
    messages = {
        name: {"name": name, "summary": SUMMARIES.get(name, ""), "payload": schema}
        for name, schema in {**sent, **received}.items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Campus events",
            "version": "1.0.0",
            "description": (
                "A user's events in real time. `id` grows by one per user; `?since=` replays all later events. Close "
                "codes: 4401 not or no longer logged in; 4429 too many messages or sockets; 1009 a frame over 64 KiB; "
                "1013 the client reads too slowly."
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
            "ask": _operation("receive", received),
        },
        "components": {"messages": messages},
    }


def _query() -> Schema:
    return {
        "type": "object",
        "properties": {
            "ticket": {**TEXT, "description": "From POST /auth/ws-ticket. Valid for one socket and one minute."},
            "token": {**TEXT, "description": "An access token. Prefer a ticket, because URLs appear in logs."},
            "since": {**TEXT, "pattern": "^[0-9]+$", "description": "The last id that the client has received."},
        },
    }


def _operation(action: str, messages: dict[str, Schema]) -> dict[str, Any]:
    channel = "#/channels/notifications"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in messages],
    }
