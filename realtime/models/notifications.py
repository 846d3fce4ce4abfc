"""What a user was told, numbered per user so that a client can ask for what it missed."""

from typing import Any, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from realtime import wording
from realtime.events import Event


class Inbox(models.Model):
    """The number of a user's newest notification.

    Locked while a notification is added, so that numbers become visible in order: a client that has seen 7 will never
    find a late 6, as it could with ids from a sequence.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="inbox")
    last_number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.last_number}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notifications by who may see them and what is new."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own notifications."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    editable_by = visible_to

    def since(self, number: int) -> Self:
        """Return what came after notification `number`, oldest first."""
        return self.filter(number__gt=number).order_by("number")

    def waiting_for_mail(self, way: str) -> Self:
        """Return what has to be mailed that way ("mail" or "digest") and was not yet, oldest first."""
        return self.filter(mail_due=way, mailed_at=None).order_by("created_at", "pk")

    def unread(self) -> Self:
        """Return what has not been read yet."""
        return self.filter(read_at=None)


class Notification(models.Model):
    """One thing that one user was told. Written in the transaction of what it tells about (QUALITY W04)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    number = models.PositiveBigIntegerField(help_text=_("Grows by one per user; the API's id."))
    event = models.CharField(max_length=40, choices=Event.choices)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due = models.CharField(max_length=10, blank=True, help_text=_("Whether it is mailed, at once or in a digest."))
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
        """What happened, in words."""
        return wording.sentence(self.event, self.payload)

    @property
    def address(self) -> str:
        """The path of the page where it is seen; empty where there is none."""
        return wording.address(self.event, self.payload)

    @property
    def icon(self) -> str:
        """The name of its icon."""
        return wording.ICONS[self.event]

    def as_message(self) -> dict[str, Any]:
        """Return the notification as clients get it, by socket and by list."""
        return {
            "id": self.number,
            "event": self.event,
            "payload": self.payload,
            "created_at": self.created_at.isoformat().replace("+00:00", "Z"),
        }
