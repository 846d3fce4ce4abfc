"""Mail: one function that sends text and HTML of one template, and the folder that takes it in development."""

import zoneinfo
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage as ParsedMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import timezone, translation


def send(template: str, *, to: str, context: dict[str, Any], unsubscribe_url: str = "") -> None:
    """Send the mail `template` (mail/<template>.txt and .html) to one address.

    The text's first line is the subject, after "Subject: ". Both bodies get `site_url` beside `context`; they speak the
    language, and tell times in the time zone, of `context["user"]`, who reads it, else the site's. Mail that one can
    choose not to get names the address that ends it: in both bodies, and in the headers by which mail programs show a
    button of their own, which works without a login (RFC 8058). Called from tasks, never from a request: raises what
    the mail server raises, so that the task is tried again.
    """
    context = {"site_url": settings.SITE_URL, "unsubscribe_url": unsubscribe_url, **context}
    reader = context.get("user")
    zone = getattr(reader, "time_zone", "") or settings.TIME_ZONE
    language = getattr(reader, "language", "")
    spoken = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with translation.override(spoken), timezone.override(zoneinfo.ZoneInfo(zone)):
        text = render_to_string(f"mail/{template}.txt", context)
        html = render_to_string(f"mail/{template}.html", context)
    subject_line, _, body = text.lstrip().partition("\n")
    # A name with a line break must not become a header (QUALITY U05).
    subject = " ".join(subject_line.removeprefix("Subject:").split())
    headers = {}
    if unsubscribe_url:
        headers = {"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    message = EmailMultiAlternatives(subject=subject, body=body.lstrip(), to=[to], headers=headers)
    message.attach_alternative(html, "text/html")
    message.send()


class FolderBackend(BaseEmailBackend):
    """Writes each message to `settings.MAIL_DIR` as an `.eml` file, newest last by name; `/dev/mail/` reads them."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages; return how many."""
        settings.MAIL_DIR.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}.eml"
            (settings.MAIL_DIR / name).write_bytes(message.message().as_bytes())
        return len(email_messages)


def kept_messages() -> list[Path]:
    """Return the files of the messages in the folder, newest first."""
    return sorted(settings.MAIL_DIR.glob("*.eml"), reverse=True) if settings.MAIL_DIR.exists() else []


def read_message(path: Path) -> ParsedMessage:
    """Return one kept message, parsed."""
    return BytesParser(policy=policy.default).parsebytes(path.read_bytes())
