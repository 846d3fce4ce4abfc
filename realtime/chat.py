"""Conversations: saying something in a room, taking it back, keeping order."""

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
from lms.lib.errors import DomainError
from lms.platform.audit import record
from realtime import hints, rooms
from realtime.models import Conversation, Event, Message, Mute, ReadMark
from realtime.models.chat import LONGEST_MESSAGE
from realtime.rooms import Room
from realtime.services import push

MOST_A_MINUTE = 20
MOST_MENTIONS = 20
WORDS_OF_A_NAME = 4
EXCERPT = 200


class ChatError(DomainError):
    """The message cannot be sent, or not be changed any more."""


def conversation_of(room: Room) -> Conversation:
    """Return the conversation of a room, beginning it where nobody has said anything yet. One or two queries."""
    return Conversation.objects.get_or_create(field=room.field, room_id=room.id)[0]


@transaction.atomic
def post(*, actor: User, room: Room, text: str) -> Message:
    """Say something in a room that the actor is in; return the message. Who is mentioned is told.

    Raises ChatError `not_a_member`, `muted` (403), `too_fast` (429) beyond twenty a minute; ValidationError for no text
    or too long a one; AccountError `email_not_verified` (403).
    """
    require_verified_email(actor)
    text = _checked(text)
    conversation = Conversation.objects.select_for_update().get(pk=conversation_of(room).pk)
    _require_member(actor, room)
    if conversation.mutes.filter(user=actor).exists():
        raise ChatError("muted", _("You may read here, but not write."), status=403)
    a_minute_ago = timezone.now() - timedelta(minutes=1)
    if Message.objects.filter(author=actor, created_at__gt=a_minute_ago).count() >= MOST_A_MINUTE:
        raise ChatError("too_fast", _("That was a lot at once. Wait a minute."), status=429, retry_after=60)
    conversation.last_number += 1
    message = Message(conversation=conversation, number=conversation.last_number, author=actor, text=text)
    _save_changed(message)
    mark_read(user=actor, room=room, number=message.number)
    _tell_room(message, "posted")
    _tell_mentioned(message)
    return message


@transaction.atomic
def edit(*, actor: User, message: Message, text: str) -> Message:
    """Change one's own message within a quarter of an hour; return it.

    Raises ChatError `not_yours`, `not_a_member` (403) or `too_late` (409); ValidationError as `post`.
    """
    message = _locked(message)
    _require_own(actor, message)
    _require_member(actor, message.conversation.room)
    if not message.may_be_edited_by(actor):
        raise ChatError("too_late", _("A message can be changed for 15 minutes."))
    message.text, message.edited_at = _checked(text), timezone.now()
    _save_changed(message)
    _tell_room(message, "edited")
    return message


@transaction.atomic
def delete(*, actor: User, message: Message) -> Message:
    """Take back one's own message within a day; its text is gone, its place stays. A repeat changes nothing.

    Raises ChatError `not_yours` (403) or `too_late` (409).
    """
    message = _locked(message)
    _require_own(actor, message)
    if message.state == "deleted":
        return message
    if not message.may_be_deleted_by(actor):
        raise ChatError("too_late", _("A message can be deleted for 24 hours."))
    message.text, message.deleted_at = "", timezone.now()
    _save_changed(message)
    _tell_room(message, "deleted")
    return message


@transaction.atomic
def hide(*, actor: User, message: Message, hidden: bool = True) -> Message:
    """Hide somebody's message from everybody but those who keep order, or show it again; return it.

    Raises ChatError `not_a_moderator` (403).
    """
    message = _locked(message)
    require_moderator(actor, message.conversation.room)
    if (message.hidden_at is not None) == hidden:
        return message
    message.hidden_at, message.hidden_by = (timezone.now(), actor) if hidden else (None, None)
    _save_changed(message)
    verb = "hidden" if hidden else "shown"
    record(actor=actor, action=f"realtime.message_{verb}", target=message, subject=message.author)
    _tell_room(message, verb)
    return message


@transaction.atomic
def mute(*, actor: User, room: Room, user: User, muted: bool = True) -> None:
    """Let somebody only read a conversation, or write in it again. A repeat changes nothing.

    Raises ChatError `not_a_moderator` (403), or `keeps_order` (409) for somebody who moderates it themselves.
    """
    require_moderator(actor, room)
    if rooms.kinds[room.field].moderates(user, room.id):
        raise ChatError("keeps_order", _("Who keeps order here cannot be muted."))
    conversation = conversation_of(room)
    if muted:
        _mute, changed = Mute.objects.get_or_create(conversation=conversation, user=user, defaults={"muted_by": actor})
    else:
        changed = bool(Mute.objects.filter(conversation=conversation, user=user).delete()[0])
    if changed:
        verb = "muted" if muted else "unmuted"
        record(actor=actor, action=f"realtime.{verb}", target=conversation, subject=user)


def _require_member(actor: User, room: Room) -> None:
    """Raise ChatError `not_a_member` (403) for a user who may not enter the room, or not any more."""
    if not rooms.may_enter(actor.pk, room):
        raise ChatError("not_a_member", _("You are not in this course any more."), status=403)


def require_moderator(actor: User, room: Room) -> None:
    """Raise ChatError `not_a_moderator` (403) for somebody who does not keep order in a room."""
    if not rooms.kinds[room.field].moderates(actor, room.id):
        raise ChatError("not_a_moderator", _("Only the instructor does that."), status=403)


def mark_read(*, user: User, room: Room, number: int) -> None:
    """Note that a user has read a conversation up to a message. What was read stays read. Few queries."""
    conversation = conversation_of(room)
    number = min(number, conversation.last_number)
    mark, _created = ReadMark.objects.get_or_create(conversation=conversation, user=user, defaults={"number": number})
    ReadMark.objects.filter(pk=mark.pk, number__lt=number).update(number=number)


def unread_in(*, user: User, room: Room) -> int:
    """Return how many messages of others a user has not read in a room. One query."""
    mark = ReadMark.objects.filter(conversation=OuterRef("conversation"), user=user).values("number")
    unread = Message.objects.said_in(room).readable().exclude(author=user)
    return unread.filter(number__gt=Coalesce(Subquery(mark[:1]), 0)).count()


def last_change_in(room: Room) -> int:
    """Return the number of the last change in a room, 0 where nobody has said anything yet. One query."""
    return last_changes_in([room]).get(room, 0)


def last_changes_in(wanted: Collection[Room]) -> dict[Room, int]:
    """Return the number of the last change in each room in which anything was said. One query."""
    found = Conversation.objects.filter(room_id__in={room.id for room in wanted})
    return {one.room: one.last_change for one in found if one.room in wanted}


def changed_in(room: Room, change: int, *, most: int) -> list[tuple[int, dict[str, Any]]]:
    """Return what happened in a room after that change, as those in it hear of it, each with its number: of a message
    to which more than one thing happened, how it is now. Two queries."""
    messages = Message.objects.said_in(room).changed_since(change)[:most]
    where = _described(room) if messages else {}
    return [(one.change, _said(_payload(one, _what_happened(one), where))) for one in messages]


def _what_happened(message: Message) -> str:
    if message.state != "shown":
        return message.state
    return "edited" if message.edited_at else "posted"


def payload_of(message: Message, action: str = "posted") -> dict[str, Any]:
    """Return what those in the room get of a message: no text of a hidden one. Needs the author; one query."""
    return _payload(message, action, _described(message.conversation.room))


def _described(room: Room) -> dict[str, Any]:
    where = rooms.kinds[room.field].describe(room.id)
    return {room.field: str(room.id), "title": where.title, "url": where.url}


def _payload(message: Message, action: str, where: dict[str, Any]) -> dict[str, Any]:
    return {
        **where,
        "message_id": message.number,
        "action": action,
        "state": message.state,
        "author_id": str(message.author_id),
        "author_name": message.author.full_name,
        "text": message.text if message.state == "shown" else "",
        "posted_at": message.created_at,
        "edited_at": message.edited_at,
        "mention": False,
    }


def _checked(text: str) -> str:
    text = text.strip().replace("\x00", "")
    if not text:
        raise ValidationError({"text": ValidationError(_("Write something."), code="blank")})
    if len(text) > LONGEST_MESSAGE:
        sentence = _("A message has at most %(most)d characters.") % {"most": LONGEST_MESSAGE}
        raise ValidationError({"text": ValidationError(sentence, code="max_length")})
    return text


def _locked(message: Message) -> Message:
    """Lock a message and its conversation, whose next change it is about to be."""
    locked = Message.objects.select_for_update(of=("self", "conversation"))
    return locked.select_related("conversation", "author").get(pk=message.pk)


def _save_changed(message: Message) -> None:
    """Save a message as the next change of its conversation, which is locked."""
    conversation = message.conversation
    conversation.last_change += 1
    conversation.save(update_fields=["last_number", "last_change"])
    message.change = conversation.last_change
    message.save()


def _require_own(actor: User, message: Message) -> None:
    if message.author_id != actor.pk:
        raise ChatError("not_yours", _("This is somebody else's message."), status=403)


def _tell_room(message: Message, action: str) -> None:
    """Tell those who are in the room now; whom the hint does not reach, the hub tells by the change's number. Clients
    get no number of it: who was away reads the conversation."""
    said = _said(payload_of(message, action))
    transaction.on_commit(partial(hints.said_in, message.conversation.room, message.change, said))


def _said(payload: dict[str, Any]) -> dict[str, Any]:
    return {"id": None, "event": Event.CHAT_MESSAGE, "payload": payload, "created_at": timezone.now()}


def _tell_mentioned(message: Message) -> None:
    mentioned = mentioned_in(message.text, message.conversation.room) - {message.author_id}
    if mentioned:
        excerpt = {"text": message.text[:EXCERPT], "mention": True}
        push(mentioned, Event.CHAT_MESSAGE, {**payload_of(message), **excerpt})


def mentioned_in(text: str, room: Room) -> set[uuid.UUID]:
    """Return the members of a room whose full name stands after an @ in a text, whatever its case. One query at most;
    none without an @."""
    names = set()
    for place in [match.end() for match in re.finditer("@", text)][:MOST_MENTIONS]:
        words = text[place : place + 200].split()[:WORDS_OF_A_NAME]
        for count in range(1, len(words) + 1):
            names.add(" ".join(words[:count]).rstrip(".,:;!?)").lower())
    if not names:
        return set()
    members = rooms.kinds[room.field].members(room.id).annotate(lower_name=Lower("full_name"))
    return set(members.filter(lower_name__in=names).values_list("pk", flat=True)[:MOST_MENTIONS])
