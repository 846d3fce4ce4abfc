"""The demo's conversations: what teachers announce and what is said in the chat, read from `conversations.toml`."""

import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.models import User
from courses.models import Course
from enrollments.rooms import room_of
from realtime.models import Announcement, Conversation, Message

PATH = Path(__file__).with_name("conversations.toml")


def read_rooms() -> list[dict[str, Any]]:
    """Return what is said in each course, as the file has it."""
    rooms: list[dict[str, Any]] = tomllib.loads(PATH.read_text())["rooms"]
    return rooms


def save_conversations(courses: dict[str, Course], users: dict[str, User], now: datetime) -> None:
    """Insert announcements and messages, without telling anybody: they are older than the people who look at them."""
    for told in read_rooms():
        course = courses[told["course"]]
        room = room_of(course)
        Announcement.objects.bulk_create(
            Announcement(
                field=room.field,
                room_id=room.id,
                author=course.instructor,
                subject=one["subject"],
                text=one["text"],
                created_at=now - timedelta(hours=one["hours_ago"]),
            )
            for one in told["announcements"]
        )
        said = told["messages"]
        conversation = Conversation.objects.create(field=room.field, room_id=room.id, last_number=len(said))
        Message.objects.bulk_create(_messages(conversation, said, users, now))


def _messages(
    conversation: Conversation, said: list[dict[str, Any]], users: dict[str, User], now: datetime
) -> Iterable[Message]:
    for number, one in enumerate(said, start=1):
        at = now - timedelta(hours=one["hours_ago"])
        yield Message(
            conversation=conversation, number=number, author=users[one["by"]], text=one["text"], created_at=at
        )
