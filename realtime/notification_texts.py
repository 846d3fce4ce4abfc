"""Texts and links of notifications, for the list, the emails and the digest."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime.events import Event

SENTENCES: dict[str, str] = {
    Event.LESSON_COMPLETED: gettext_noop("You completed a lesson in “%(title)s”. Course progress: %(progress)s%%."),
    Event.COURSE_UPDATED: gettext_noop("“%(title)s” was updated. Your progress is saved."),
    Event.NEW_ENROLLMENT: gettext_noop("%(student_name)s enrolled in “%(title)s”."),
    Event.ENROLLMENT_ENDED: gettext_noop("Your enrollment in “%(title)s” has ended. Reason: %(reason)s"),
    Event.ENROLLMENT_RESTORED: gettext_noop("You have access to “%(title)s” again. Your progress is kept."),
    Event.ASSIGNMENT_GRADED: gettext_noop("Your work for “%(title)s” was graded."),
    Event.ASSIGNMENT_RETURNED: gettext_noop("Your work for “%(title)s” was returned for revision."),
    Event.QUIZ_GRADED: gettext_noop("Your quiz “%(title)s” was graded."),
    Event.CERTIFICATE_ISSUED: gettext_noop("Your certificate for “%(title)s” is ready."),
    Event.PAYMENT_SUCCEEDED: gettext_noop("Your payment for “%(title)s” was received."),
    Event.ANNOUNCEMENT: gettext_noop("%(title)s: %(subject)s"),
    Event.CHAT_MESSAGE: gettext_noop("%(author_name)s mentioned you in “%(title)s”: %(text)s"),
}
ICONS: dict[str, str] = {
    Event.LESSON_COMPLETED: "circle-check",
    Event.COURSE_UPDATED: "refresh-cw",
    Event.NEW_ENROLLMENT: "user-round-plus",
    Event.ENROLLMENT_ENDED: "user-round-minus",
    Event.ENROLLMENT_RESTORED: "user-round-check",
    Event.ASSIGNMENT_GRADED: "clipboard-check",
    Event.ASSIGNMENT_RETURNED: "refresh-cw",
    Event.QUIZ_GRADED: "clipboard-check",
    Event.CERTIFICATE_ISSUED: "award",
    Event.PAYMENT_SUCCEEDED: "receipt-text",
    Event.ANNOUNCEMENT: "megaphone",
    Event.CHAT_MESSAGE: "message-circle",
}
# The pages of events whose payload has no URL.
URL_NAMES: dict[str, str] = {
    Event.ASSIGNMENT_GRADED: "enrollments:grades",
    Event.QUIZ_GRADED: "enrollments:grades",
    Event.CERTIFICATE_ISSUED: "certificates:list",
    Event.PAYMENT_SUCCEEDED: "payments:orders",
    Event.COURSE_UPDATED: "enrollments:dashboard",
    Event.LESSON_COMPLETED: "enrollments:dashboard",
    Event.NEW_ENROLLMENT: "courses:teaching",
    Event.ENROLLMENT_ENDED: "enrollments:dashboard",
    Event.ENROLLMENT_RESTORED: "enrollments:dashboard",
}


class _Payload(dict[str, Any]):
    """A payload that returns an empty string for a missing field, such as one that was added after the row."""

    def __missing__(self, key: str) -> str:
        return ""


def format_sentence(event: str, payload: dict[str, Any]) -> str:
    """Return the text of an event, in the active language."""
    return _(SENTENCES[event]) % _Payload(payload)


def get_path(event: str, payload: dict[str, Any]) -> str:
    """Return the path of the page of an event, or an empty string."""
    if payload.get("url"):
        return str(payload["url"])
    return reverse(URL_NAMES[event]) if event in URL_NAMES else ""
