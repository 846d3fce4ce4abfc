"""Forms of the chat, announcement and notification settings pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.text.validators import validate_visible
from realtime.models import DEFAULT_CHANNELS, Announcement, DeliveryChannel, Event
from realtime.models.chat import MAX_MESSAGE_LENGTH


class MessageForm(forms.Form):
    """A message in a conversation."""

    text = forms.CharField(
        label=_("Your message"),
        max_length=MAX_MESSAGE_LENGTH,
        validators=[validate_visible],
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Write a message")}),
        help_text=_("Type @ and a member's full name to notify them."),
    )


class AnnouncementForm(forms.ModelForm[Announcement]):
    """An announcement to all members of a course."""

    class Meta:
        model = Announcement
        fields = ["subject", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 6})}


class PreferencesForm(forms.Form):
    """The notification preferences of a user, with one field for each event that has one and concerns the user."""

    def __init__(self, *args: Any, channels: dict[str, str], teaches: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for event in DEFAULT_CHANNELS:
            if event == Event.NEW_ENROLLMENT and not teaches:
                continue
            self.fields[event] = forms.ChoiceField(
                label=EVENT_LABELS[event],
                choices=DeliveryChannel.choices,
                initial=channels[event],
                help_text=EVENT_HELP.get(event, ""),
            )


EVENT_LABELS: dict[str, Any] = {
    Event.ANNOUNCEMENT: _("Announcements in my courses"),
    Event.ASSIGNMENT_GRADED: _("My work is graded"),
    Event.ASSIGNMENT_RETURNED: _("My work is returned for revision"),
    Event.QUIZ_GRADED: _("My quiz is graded"),
    Event.CERTIFICATE_ISSUED: _("My certificate is ready"),
    Event.COURSE_UPDATED: _("A course I'm enrolled in is updated"),
    Event.CHAT_MESSAGE: _("Someone mentions me in a chat"),
    Event.NEW_ENROLLMENT: _("A student enrolls in a course I teach"),
    Event.ENROLLMENT_ENDED: _("My enrollment in a course is ended"),
    Event.ENROLLMENT_RESTORED: _("I am readmitted to a course"),
}
EVENT_HELP: dict[str, Any] = {Event.CHAT_MESSAGE: _("Other messages appear in the chat only.")}
