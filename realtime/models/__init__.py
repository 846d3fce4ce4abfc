"""What people were told, how they want to be told, and what they say to each other."""

from realtime.events import Event
from realtime.models.announcements import Announcement, AnnouncementQuerySet
from realtime.models.chat import Conversation, Message, MessageQuerySet, Mute, ReadMark
from realtime.models.choices import DEFAULT_WAYS, NO_NEWS, OWN_LETTERS, NotificationChoice, Way
from realtime.models.notifications import Inbox, Notification, NotificationQuerySet

__all__ = [
    "DEFAULT_WAYS",
    "NO_NEWS",
    "OWN_LETTERS",
    "Announcement",
    "AnnouncementQuerySet",
    "Conversation",
    "Event",
    "Inbox",
    "Message",
    "MessageQuerySet",
    "Mute",
    "Notification",
    "NotificationChoice",
    "NotificationQuerySet",
    "ReadMark",
    "Way",
]
