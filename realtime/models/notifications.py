"""Notifications, numbered per user so that a client can request the ones that it missed."""

from typing import Any, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from realtime import notification_texts
from realtime.events import Event


class Inbox(models.Model):
    """The number of a user's newest notification.

    The row is locked while a notification is added, so that numbers become visible in order: a client that has received
    7 never misses a 6 that is committed later, as it could with ids from a sequence.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="inbox")
    last_number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.last_number}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notifications by user, number, read state and email state."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own notifications."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    editable_by = visible_to

    def since(self, number: int) -> Self:
        """Return the notifications after `number`, oldest first."""
        return self.filter(number__gt=number).order_by("number")

    def mail_pending(self, channel: str) -> Self:
        """Return the notifications whose email by `channel` ("mail" or "digest") is not sent yet, oldest first."""
        return self.filter(mail_due=channel, mailed_at=None).order_by("created_at", "pk")

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notification(models.Model):
    """A notification of one user, inserted in the transaction of the event that it is about (quality row W04)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    number = models.PositiveBigIntegerField(help_text=_("Increases by one per user. The id in the API."))
    event = models.CharField(max_length=40, choices=Event.choices)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due = models.CharField(max_length=10, blank=True, help_text=_("How it is emailed: mail, digest, or empty."))
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("notification")
        constraints = [
            models.UniqueConstraint(fields=["user", "number"], name="realtime_notification_number_once"),
        ]
        indexes = [
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="realtime_notification_unread"),
            models.Index(
                fields=["mail_due", "created_at"],
                condition=models.Q(mailed_at=None) & ~models.Q(mail_due=""),
                name="realtime_notification_to_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} #{self.number} {self.event}"

    @property
    def sentence(self) -> str:
        """The text of the notification in the active language."""
        return notification_texts.format_sentence(self.event, self.payload)

    @property
    def address(self) -> str:
        """The path of the page that it links to, or an empty string."""
        return notification_texts.get_path(self.event, self.payload)

    @property
    def icon(self) -> str:
        """The name of the Lucide icon."""
        return notification_texts.ICONS[self.event]

    def as_message(self) -> dict[str, Any]:
        """Return the notification as the WebSocket sends it."""
        return {
            "id": self.number,
            "event": self.event,
            "payload": self.payload,
            "created_at": self.created_at.isoformat().replace("+00:00", "Z"),
        }
