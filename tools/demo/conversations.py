"""Announcements and chat messages of the demo, from `conversations.toml`."""

import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from accounts.models import User
from courses.models import Course
from enrollments.rooms import course_room
from realtime.models import Announcement, Conversation, Message

PATH = Path(__file__).with_name("conversations.toml")


def read_rooms() -> list[dict[str, Any]]:
    """Return the announcements and messages of each course, as in the file."""
    rooms: list[dict[str, Any]] = tomllib.loads(PATH.read_text())["rooms"]
    return rooms


def save_conversations(courses: dict[str, Course], users: dict[str, User], now: datetime) -> None:
    """Insert announcements and messages without notifications."""
    for texts in read_rooms():
        course = courses[texts["course"]]
        room = course_room(course)
        Announcement.objects.bulk_create(
            Announcement(
                field=room.field,
                room_id=room.id,
                author=course.instructor,
                subject=one["subject"],
                text=one["text"],
                created_at=now - timedelta(hours=one["hours_ago"]),
            )
            for one in texts["announcements"]
        )
        messages = texts["messages"]
        conversation = Conversation.objects.create(field=room.field, room_id=room.id, last_number=len(messages))
        Message.objects.bulk_create(_build_messages(conversation, messages, users, now))


def _build_messages(
    conversation: Conversation, messages: list[dict[str, Any]], users: dict[str, User], now: datetime
) -> Iterable[Message]:
    for number, one in enumerate(messages, start=1):
        at = now - timedelta(hours=one["hours_ago"])
        yield Message(
            conversation=conversation, number=number, author=users[one["by"]], text=one["text"], created_at=at
        )
