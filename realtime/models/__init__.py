"""What people were told, and how far each of them has been told."""

from realtime.models.notifications import Event, Inbox, Notification, NotificationQuerySet

__all__ = ["Event", "Inbox", "Notification", "NotificationQuerySet"]
