"""Notification preferences: the delivery channel of each event, by user."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime.events import Event


class DeliveryChannel(models.TextChoices):
    """How a user is notified of an event. Emailed notifications also appear on the site."""

    SITE = "site", _("On the site only")
    MAIL = "mail", _("Email right away")
    DIGEST = "digest", _("Daily digest email")
    OFF = "off", _("Off")


# The channel of an event that a user has not changed. Events that are missing here have no preference: completed
# lessons keep the user's devices in sync, and payments are always confirmed.
DEFAULT_CHANNELS: dict[str, DeliveryChannel] = {
    Event.ANNOUNCEMENT: DeliveryChannel.MAIL,
    Event.ASSIGNMENT_GRADED: DeliveryChannel.MAIL,
    Event.ASSIGNMENT_RETURNED: DeliveryChannel.MAIL,
    Event.QUIZ_GRADED: DeliveryChannel.SITE,
    Event.CERTIFICATE_ISSUED: DeliveryChannel.MAIL,
    Event.COURSE_UPDATED: DeliveryChannel.SITE,
    Event.CHAT_MESSAGE: DeliveryChannel.SITE,
    Event.NEW_ENROLLMENT: DeliveryChannel.SITE,
    Event.ENROLLMENT_ENDED: DeliveryChannel.MAIL,
    Event.ENROLLMENT_RESTORED: DeliveryChannel.MAIL,
}
# The apps above send their own emails about these events if the user wants them by email.
EVENTS_WITH_OWN_EMAIL = {Event.ASSIGNMENT_GRADED, Event.CERTIFICATE_ISSUED}
# Created as read, because they only keep the devices of the user who caused them in sync.
SILENT_EVENTS = {Event.LESSON_COMPLETED}


class NotificationChoice(models.Model):
    """A user's preference for one event. Without a row, `DEFAULT_CHANNELS` applies."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_choices")
    event = models.CharField(max_length=40, choices=Event.choices)
    way = models.CharField(max_length=10, choices=DeliveryChannel.choices)

    class Meta:
        ordering = ["event", "id"]
        verbose_name = _("notification preference")
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="realtime_notificationchoice_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.event}: {self.way}"
