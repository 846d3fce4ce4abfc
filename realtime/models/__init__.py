"""Models of notifications, notification preferences, conversations and announcements."""

from realtime.events import Event
from realtime.models.announcements import Announcement, AnnouncementQuerySet
from realtime.models.chat import Conversation, Message, MessageQuerySet, Mute, ReadMark
from realtime.models.notifications import Inbox, Notification, NotificationQuerySet
from realtime.models.preferences import (
    DEFAULT_CHANNELS,
    EVENTS_WITH_OWN_EMAIL,
    SILENT_EVENTS,
    DeliveryChannel,
    NotificationChoice,
)

__all__ = [
    "DEFAULT_CHANNELS",
    "EVENTS_WITH_OWN_EMAIL",
    "SILENT_EVENTS",
    "Announcement",
    "AnnouncementQuerySet",
    "Conversation",
    "DeliveryChannel",
    "Event",
    "Inbox",
    "Message",
    "MessageQuerySet",
    "Mute",
    "Notification",
    "NotificationChoice",
    "NotificationQuerySet",
    "ReadMark",
]
