"""What happened, as a sentence and as an address to go to: for the list, the mail and the daily digest."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime.events import Event

SENTENCES: dict[str, str] = {
    Event.LESSON_COMPLETED: gettext_noop("You finished “%(title)s”. The course is %(progress)s%% done."),
    Event.COURSE_UPDATED: gettext_noop("“%(title)s” has changed. Your progress is kept."),
    Event.NEW_ENROLLMENT: gettext_noop("%(student_name)s has joined “%(title)s”."),
    Event.ASSIGNMENT_GRADED: gettext_noop("Your work for “%(title)s” is graded."),
    Event.QUIZ_GRADED: gettext_noop("Your quiz “%(title)s” is graded."),
    Event.CERTIFICATE_ISSUED: gettext_noop("Your certificate for “%(title)s” is ready."),
    Event.PAYMENT_SUCCEEDED: gettext_noop("Your payment for “%(title)s” has arrived."),
    Event.ANNOUNCEMENT: gettext_noop("%(title)s: %(subject)s"),
    Event.CHAT_MESSAGE: gettext_noop("%(author_name)s mentioned you in “%(title)s”: %(text)s"),
}
ICONS: dict[str, str] = {
    Event.LESSON_COMPLETED: "circle-check",
    Event.COURSE_UPDATED: "refresh-cw",
    Event.NEW_ENROLLMENT: "user-round-plus",
    Event.ASSIGNMENT_GRADED: "clipboard-check",
    Event.QUIZ_GRADED: "clipboard-check",
    Event.CERTIFICATE_ISSUED: "award",
    Event.PAYMENT_SUCCEEDED: "receipt-text",
    Event.ANNOUNCEMENT: "megaphone",
    Event.CHAT_MESSAGE: "message-circle",
}
# Where what a payload does not name an address for is seen.
PLACES: dict[str, str] = {
    Event.ASSIGNMENT_GRADED: "enrollments:grades",
    Event.QUIZ_GRADED: "enrollments:grades",
    Event.CERTIFICATE_ISSUED: "certificates:list",
    Event.PAYMENT_SUCCEEDED: "payments:orders",
    Event.COURSE_UPDATED: "enrollments:dashboard",
    Event.LESSON_COMPLETED: "enrollments:dashboard",
    Event.NEW_ENROLLMENT: "courses:teaching",
}


class _Known(dict[str, Any]):
    """A payload in which nothing is missing: rows from before a field was added have none of it."""

    def __missing__(self, key: str) -> str:
        return ""


def sentence(event: str, payload: dict[str, Any]) -> str:
    """Return what happened, in the language of whoever reads."""
    return _(SENTENCES[event]) % _Known(payload)


def address(event: str, payload: dict[str, Any]) -> str:
    """Return the path of the page where it is seen; an empty text where there is none."""
    if payload.get("url"):
        return str(payload["url"])
    return reverse(PLACES[event]) if event in PLACES else ""
