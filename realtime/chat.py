"""Services of conversations: post, edit and delete messages, moderate, and track what was read."""

import re
import uuid
from collections.abc import Collection
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_verified_email
from core.access.impersonation import is_impersonating
from core.audit.entries import record
from core.http.errors import DomainError
from core.text import markdown
from core.text.characters import is_blank
from realtime import broadcast, rooms
from realtime.models import Conversation, Event, Message, Mute, ReadMark
from realtime.models.chat import MAX_MESSAGE_LENGTH
from realtime.rooms import Room
from realtime.services import push

MAX_MESSAGES_PER_MINUTE = 20
MAX_MENTIONS = 20
MAX_NAME_WORDS = 4
EXCERPT_LENGTH = 200


class ChatError(DomainError):
    """A message cannot be posted, edited or moderated."""


def get_conversation(room: Room) -> Conversation:
    """Return the conversation of a room, and create it if there is none yet. One or two queries."""
    return Conversation.objects.get_or_create(field=room.field, room_id=room.id)[0]


@transaction.atomic
def post(*, actor: User, room: Room, text: str) -> Message:
    """Post a message in a room that the actor may enter, notify mentioned members, and return the message.

    Raises ChatError `not_a_member`, `muted` (403) or `too_fast` (429, more than 20 messages a minute), ValidationError
    for an empty or too long text, AccountError `email_not_verified` (403).
    """
    require_verified_email(actor)
    text = _clean_text(text)
    conversation = Conversation.objects.select_for_update().get(pk=get_conversation(room).pk)
    _require_member(actor, room)
    if conversation.mutes.filter(user=actor).exists():
        raise ChatError("muted", _("You have been muted in this chat. You can read messages but not post."), status=403)
    a_minute_ago = timezone.now() - timedelta(minutes=1)
    if Message.objects.filter(author=actor, created_at__gt=a_minute_ago).count() >= MAX_MESSAGES_PER_MINUTE:
        raise ChatError(
            "too_fast", _("You are posting too fast. Wait a minute and try again."), status=429, retry_after=60
        )
    conversation.last_number += 1
    message = Message(conversation=conversation, number=conversation.last_number, author=actor, text=text)
    _save_changed(message)
    mark_read(user=actor, room=room, number=message.number)
    _broadcast_change(message, "posted")
    _notify_mentioned(message)
    return message


@transaction.atomic
def edit(*, actor: User, message: Message, text: str) -> Message:
    """Change the text of the actor's own message and return it. Allowed for 15 minutes.

    Raises ChatError `not_yours`, `not_a_member` (403) or `too_late` (409), and ValidationError as `post` does.
    """
    message = _lock_message(message)
    _require_author(actor, message)
    _require_member(actor, message.conversation.room)
    if not message.can_be_edited_by(actor):
        raise ChatError("too_late", _("Messages can only be edited within 15 minutes of posting."))
    message.text, message.edited_at = _clean_text(text), timezone.now()
    _save_changed(message)
    _broadcast_change(message, "edited")
    return message


@transaction.atomic
def delete(*, actor: User, message: Message) -> Message:
    """Delete the text of the actor's own message and return the message. Allowed for a day. Idempotent.

    Raises ChatError `not_yours` (403) or `too_late` (409).
    """
    message = _lock_message(message)
    _require_author(actor, message)
    if message.state == "deleted":
        return message
    if not message.can_be_deleted_by(actor):
        raise ChatError("too_late", _("Messages can only be deleted within 24 hours of posting."))
    message.text, message.deleted_at = "", timezone.now()
    _save_changed(message)
    _broadcast_change(message, "deleted")
    return message


@transaction.atomic
def hide(*, actor: User, message: Message, hidden: bool = True) -> Message:
    """Hide a message from all members except moderators, or unhide it, and return it. Idempotent.

    Raises ChatError `not_a_moderator` (403).
    """
    message = _lock_message(message)
    require_moderator(actor, message.conversation.room)
    if (message.hidden_at is not None) == hidden:
        return message
    message.hidden_at, message.hidden_by = (timezone.now(), actor) if hidden else (None, None)
    _save_changed(message)
    verb = "hidden" if hidden else "shown"
    record(actor=actor, action=f"realtime.message_{verb}", target=message, subject=message.author)
    _broadcast_change(message, verb)
    return message


@transaction.atomic
def mute(*, actor: User, room: Room, user: User, muted: bool = True) -> None:
    """Mute or unmute a user in a conversation. A muted user can read but not post. Idempotent.

    Raises ChatError `not_a_moderator` (403), or `keeps_order` (409) if the user is a moderator.
    """
    require_moderator(actor, room)
    if rooms.room_types[room.field].moderates(user, room.id):
        raise ChatError("keeps_order", _("Moderators can't be muted."))
    conversation = get_conversation(room)
    if muted:
        _mute, changed = Mute.objects.get_or_create(conversation=conversation, user=user, defaults={"muted_by": actor})
    else:
        changed = bool(Mute.objects.filter(conversation=conversation, user=user).delete()[0])
    if changed:
        verb = "muted" if muted else "unmuted"
        record(actor=actor, action=f"realtime.{verb}", target=conversation, subject=user)


def _require_member(actor: User, room: Room) -> None:
    """Raise ChatError `not_a_member` (403) for a user who may not enter the room."""
    if not rooms.can_enter(actor.pk, room, is_limited=actor.is_limited):
        raise ChatError("not_a_member", _("You are no longer in this course."), status=403)


def require_moderator(actor: User, room: Room) -> None:
    """Raise ChatError `not_a_moderator` (403) unless the actor moderates the room."""
    if not rooms.room_types[room.field].moderates(actor, room.id):
        raise ChatError("not_a_moderator", _("Only the instructor can do this."), status=403)


def mark_read(*, user: User, room: Room, number: int) -> None:
    """Store that a user has read a conversation up to a message. The mark never moves back. A few queries.

    Has no effect while the user is impersonated.
    """
    if is_impersonating():
        return
    conversation = get_conversation(room)
    number = min(number, conversation.last_number)
    mark, _created = ReadMark.objects.get_or_create(conversation=conversation, user=user, defaults={"number": number})
    ReadMark.objects.filter(pk=mark.pk, number__lt=number).update(number=number)


def count_unread(*, user: User, room: Room) -> int:
    """Return the number of messages by other users in a room that the user has not read. One query."""
    mark = ReadMark.objects.filter(conversation=OuterRef("conversation"), user=user).values("number")
    unread = Message.objects.in_room(room).readable().exclude(author=user)
    return unread.filter(number__gt=Coalesce(Subquery(mark[:1]), 0)).count()


def last_change(room: Room) -> int:
    """Return the number of the last change in a room, 0 if it has no messages. One query."""
    return last_changes([room]).get(room, 0)


def last_changes(wanted: Collection[Room]) -> dict[Room, int]:
    """Return the number of the last change by room, for the rooms that have a conversation. One query."""
    conversations = Conversation.objects.filter(room_id__in={room.id for room in wanted})
    return {found.room: found.last_change for found in conversations if found.room in wanted}


def changes_since(room: Room, change: int, *, limit: int) -> list[tuple[int, dict[str, Any]]]:
    """Return the numbers and events of the changes in a room after `change`. Two queries.

    A message that changed several times is returned once, in its present state.
    """
    messages = Message.objects.in_room(room).changed_since(change)[:limit]
    room_fields = _room_fields(room) if messages else {}
    return [(message.change, _as_event(_payload(message, _last_action(message), room_fields))) for message in messages]


def _last_action(message: Message) -> str:
    if message.state != "shown":
        return message.state
    return "edited" if message.edited_at else "posted"


def message_payload(message: Message, action: str = "posted") -> dict[str, Any]:
    """Return the payload of a message for the members of its room, without the text if it is hidden.

    One query if the message's author is loaded with the avatar.
    """
    return _payload(message, action, _room_fields(message.conversation.room))


def _room_fields(room: Room) -> dict[str, Any]:
    description = rooms.room_types[room.field].describe(room.id)
    return {room.field: str(room.id), "title": description.title, "url": description.url}


def _payload(message: Message, action: str, room_fields: dict[str, Any]) -> dict[str, Any]:
    return {
        **room_fields,
        "message_id": message.number,
        "action": action,
        "state": message.state,
        "author_id": str(message.author_id),
        "author_name": message.author.full_name,
        "author_avatar_url": message.author.avatar_url,
        "text": message.text if message.state == "shown" else "",
        "text_html": message.text_html if message.state == "shown" else "",
        "posted_at": message.created_at,
        "edited_at": message.edited_at,
        "mention": False,
    }


def _clean_text(text: str) -> str:
    text = text.strip().replace("\x00", "")
    if is_blank(text):
        raise ValidationError({"text": ValidationError(_("Enter a message."), code="blank")})
    if len(text) > MAX_MESSAGE_LENGTH:
        detail = _("Messages can have at most %(most)d characters.") % {"most": MAX_MESSAGE_LENGTH}
        raise ValidationError({"text": ValidationError(detail, code="max_length")})
    return text


def _lock_message(message: Message) -> Message:
    """Return the message locked together with its conversation, which counts its changes."""
    messages = Message.objects.select_for_update(of=("self", "conversation"))
    return messages.select_related("conversation", "author__avatar").get(pk=message.pk)


def _save_changed(message: Message) -> None:
    """Save a message as the next change of its conversation, which must be locked."""
    conversation = message.conversation
    conversation.last_change += 1
    conversation.save(update_fields=["last_number", "last_change"])
    message.change = conversation.last_change
    message.save()


def _require_author(actor: User, message: Message) -> None:
    if message.author_id != actor.pk:
        raise ChatError("not_yours", _("You can only change your own messages."), status=403)


def _broadcast_change(message: Message, action: str) -> None:
    """Broadcast a change to the sockets in the room after the commit.

    If the broadcast event is lost, the hub finds the change by its number. Clients receive no number: a client that was
    offline reads the conversation.
    """
    event = _as_event(message_payload(message, action))
    transaction.on_commit(partial(broadcast.send_room_change, message.conversation.room, message.change, event))


def _as_event(payload: dict[str, Any]) -> dict[str, Any]:
    return {"id": None, "event": Event.CHAT_MESSAGE, "payload": payload, "created_at": timezone.now()}


def _notify_mentioned(message: Message) -> None:
    mentioned = find_mentioned(message.text, message.conversation.room) - {message.author_id}
    if mentioned:
        text = message.text[:EXCERPT_LENGTH]
        excerpt = {"text": text, "text_html": markdown.to_html(text, breaks=True), "mention": True}
        push(mentioned, Event.CHAT_MESSAGE, {**message_payload(message), **excerpt})


def find_mentioned(text: str, room: Room) -> set[uuid.UUID]:
    """Return the ids of the room's members whose full name follows an @ in a text, in any case.

    One query, none for a text without an @.
    """
    names = set()
    for start in [match.end() for match in re.finditer("@", text)][:MAX_MENTIONS]:
        words = text[start : start + 200].split()[:MAX_NAME_WORDS]
        for count in range(1, len(words) + 1):
            names.add(" ".join(words[:count]).rstrip(".,:;!?)").lower())
    if not names:
        return set()
    members = rooms.room_types[room.field].members(room.id).annotate(lower_name=Lower("full_name"))
    return set(members.filter(lower_name__in=names).values_list("pk", flat=True)[:MAX_MENTIONS])
