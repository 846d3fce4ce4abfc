"""Service of announcements: notify all members of a room, by the delivery channel that each has chosen."""

from django.db import transaction

from accounts import mail_limits
from accounts.models import User
from accounts.permissions import require_verified_email
from core.audit.entries import record
from realtime import rooms
from realtime.chat import EXCERPT_LENGTH, require_moderator
from realtime.models import Announcement, Event
from realtime.rooms import Room
from realtime.services import push


@transaction.atomic
def announce(*, actor: User, room: Room, subject: str, text: str) -> Announcement:
    """Create an announcement, notify the members of the room, and return it. Emails are queued in batches on commit.

    Raises ChatError `not_a_moderator` (403), AccountError `email_not_verified` (403), ValidationError for an invalid
    subject or text; LimitError `too_many_mails` (429) beyond the limits of a room or a sender
    (`accounts.mail_limits`).
    """
    require_verified_email(actor)
    require_moderator(actor, room)
    announcement = Announcement(
        field=room.field, room_id=room.id, author=actor, subject=subject.strip(), text=text.strip()
    )
    announcement.full_clean()
    mail_limits.spend_announcement(sender=actor, room=f"{room.field}:{room.id}")
    announcement.save(force_insert=True)
    record(actor=actor, action="realtime.announced", target=announcement, changes={"subject": announcement.subject})
    description = rooms.room_types[room.field].describe(room.id)
    payload = {
        room.field: str(room.id),
        "title": description.title,
        "url": description.announcements_url,
        "announcement_id": str(announcement.pk),
        "subject": announcement.subject,
        "text": announcement.text[:EXCERPT_LENGTH],
        "author_name": actor.full_name,
    }
    members = rooms.room_types[room.field].members(room.id).exclude(pk=actor.pk)
    push(members.values_list("pk", flat=True), Event.ANNOUNCEMENT, payload)
    return announcement
