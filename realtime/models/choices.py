"""How each user wants to hear of each kind of event."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime.events import Event


class Way(models.TextChoices):
    """The ways to hear of something. By mail and in the digest, it stands on the site as well."""

    SITE = "site", _("On the site")
    MAIL = "mail", _("By mail at once")
    DIGEST = "digest", _("In the daily mail")
    OFF = "off", _("Not at all")


# What holds for whoever has chosen nothing. What is not here is no choice: finished lessons keep one's devices in step,
# and a payment is always acknowledged.
DEFAULT_WAYS: dict[str, Way] = {
    Event.ANNOUNCEMENT: Way.MAIL,
    Event.ASSIGNMENT_GRADED: Way.MAIL,
    Event.QUIZ_GRADED: Way.SITE,
    Event.CERTIFICATE_ISSUED: Way.MAIL,
    Event.COURSE_UPDATED: Way.SITE,
    Event.CHAT_MESSAGE: Way.SITE,
    Event.NEW_ENROLLMENT: Way.SITE,
}
# The apps above send letters of their own about these, if the user wants mail at once.
OWN_LETTERS = {Event.ASSIGNMENT_GRADED, Event.CERTIFICATE_ISSUED}
# What only keeps devices in step is no news to whoever did it.
NO_NEWS = {Event.LESSON_COMPLETED}


class NotificationChoice(models.Model):
    """One user's choice for one kind of event; without a row, the default holds."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_choices")
    event = models.CharField(max_length=40, choices=Event.choices)
    way = models.CharField(max_length=10, choices=Way.choices)

    class Meta:
        ordering = ["event", "id"]
        verbose_name = _("notification choice")
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="realtime_notificationchoice_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.event}: {self.way}"
