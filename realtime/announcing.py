"""Announcements: to everybody in a room, on the site and by mail as each of them chose."""

from django.db import transaction

from accounts.models import User
from accounts.permissions import require_verified_email
from lms.platform.audit import record
from realtime import rooms
from realtime.chat import require_moderator
from realtime.models import Announcement, Event
from realtime.rooms import Room
from realtime.services import push

EXCERPT = 200


@transaction.atomic
def announce(*, actor: User, room: Room, subject: str, text: str) -> Announcement:
    """Tell everybody in a room something; return the announcement. Mails leave in batches after the commit.

    Raises ChatError `not_a_moderator` (403), AccountError `email_not_verified` (403), ValidationError for what does not
    fit.
    """
    require_verified_email(actor)
    require_moderator(actor, room)
    made = Announcement(field=room.field, room_id=room.id, author=actor, subject=subject.strip(), text=text.strip())
    made.full_clean()
    made.save(force_insert=True)
    record(actor=actor, action="realtime.announced", target=made, changes={"subject": made.subject})
    where = rooms.kinds[room.field].describe(room.id)
    payload = {
        room.field: str(room.id),
        "title": where.title,
        "url": where.announcements_url,
        "announcement_id": str(made.pk),
        "subject": made.subject,
        "text": made.text[:EXCERPT],
        "author_name": actor.full_name,
    }
    members = rooms.kinds[room.field].members(room.id).exclude(pk=actor.pk)
    push(members.values_list("pk", flat=True), Event.ANNOUNCEMENT, payload)
    return made
