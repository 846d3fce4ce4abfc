"""Forms of the conversation, announcement and choice pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from realtime.models import DEFAULT_WAYS, Announcement, Event, Way
from realtime.models.chat import LONGEST_MESSAGE


class MessageForm(forms.Form):
    """What somebody wants to say."""

    text = forms.CharField(
        label=_("Your message"),
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": _("Write a message")}),
        help_text=_("Mention somebody with @ and their name: they are told."),
    )


class AnnouncementForm(forms.ModelForm[Announcement]):
    """What everybody in a course should know."""

    class Meta:
        model = Announcement
        fields = ["subject", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 6})}


class ChoicesForm(forms.Form):
    """One field for each kind of event that is a choice."""

    def __init__(self, *args: Any, ways: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for event in DEFAULT_WAYS:
            self.fields[event] = forms.ChoiceField(
                label=LABELS[event], choices=Way.choices, initial=ways[event], help_text=HELP.get(event, "")
            )


LABELS: dict[str, Any] = {
    Event.ANNOUNCEMENT: _("Announcements in my courses"),
    Event.ASSIGNMENT_GRADED: _("My work is graded"),
    Event.QUIZ_GRADED: _("My quiz is graded"),
    Event.CERTIFICATE_ISSUED: _("My certificate is ready"),
    Event.COURSE_UPDATED: _("A course of mine changes"),
    Event.CHAT_MESSAGE: _("Somebody mentions me in a chat"),
    Event.NEW_ENROLLMENT: _("Somebody joins a course that I teach"),
}
HELP: dict[str, Any] = {Event.CHAT_MESSAGE: _("Other messages stand in the chat alone.")}
