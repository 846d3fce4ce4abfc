"""Sending of mails as text and HTML, and the mail backend of development, which writes to a folder."""

import re
import zoneinfo
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage as ParsedMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import select_template
from django.utils import timezone, translation

from core.mail import mail_types, texts
from core.mail.mail_types import MailText, MailType

EMPTY_LINE = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class RenderedMail:
    """Mail as its recipient reads it."""

    subject: str
    text: str
    html: str


def send(name: str, *, to: str, context: dict[str, Any], unsubscribe_url: str = "") -> None:
    """Send a mail of the type called `name` to one address.

    Language and time zone are those of `context["user"]`, the recipient, or else of the site. `unsubscribe_url` is
    added to both bodies and to the headers with which mail programs offer one-click unsubscription (RFC 8058); the URL
    must work without a login. Call this from tasks, not from requests: errors of the mail server propagate, so that
    the task is retried.
    """
    mail = render_mail(mail_types.get_mail_type(name), context, unsubscribe_url=unsubscribe_url)
    headers = {}
    if unsubscribe_url:
        headers = {"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    message = EmailMultiAlternatives(subject=mail.subject, body=mail.text, to=[to], headers=headers)
    message.attach_alternative(mail.html, "text/html")
    message.send()


def render_mail(
    mail_type: MailType,
    context: dict[str, Any],
    *,
    unsubscribe_url: str = "",
    text: MailText | None = None,
    language: str = "",
) -> RenderedMail:
    """Render a mail with the site's text, or with `text`, in the recipient's language, or in `language`.

    No queries except for the site's text (see `core.mail.texts.get_site_text`).
    """
    with _recipient_locale(context.get("user"), language) as active_language:
        source = text or texts.get_mail_text(mail_type, active_language)
        # A name with a line break must not become a header (quality row U05).
        subject = " ".join(mail_type.fill(source.subject, context).split())
        template_context = {
            **context,
            "site_url": settings.SITE_URL,
            "unsubscribe_url": unsubscribe_url,
            "subject": subject,
            "heading": mail_type.fill(str(mail_type.heading), context) or subject,
            "teaser": mail_type.fill(str(mail_type.teaser), context),
            "paragraphs": _paragraphs(mail_type, source.text, context),
            "details": [(label, mail_type.values[name](context)) for label, name in mail_type.details],
            "after": _paragraphs(mail_type, str(mail_type.after), context),
            "button": {"label": mail_type.label, "address": mail_type.address(context)} if mail_type.address else None,
            "why": mail_type.why,
        }
        body, html = (_render_body(mail_type, extension, template_context) for extension in ("txt", "html"))
    return RenderedMail(subject, body.strip() + "\n", html)


def _render_body(mail_type: MailType, extension: str, context: dict[str, Any]) -> str:
    return select_template([f"mail/{mail_type.name}.{extension}", f"mail/letter.{extension}"]).render(context)


def render_sample(mail_type: MailType, *, text: MailText | None = None, language: str = "") -> RenderedMail:
    """Render a mail with the sample data of its type."""
    unsubscribe_url = f"{settings.SITE_URL}/" if mail_type.can_unsubscribe else ""
    return render_mail(mail_type, mail_type.sample(), unsubscribe_url=unsubscribe_url, text=text, language=language)


@contextmanager
def _recipient_locale(recipient: Any, language: str) -> Iterator[str]:
    """Activate the language and the time zone of the recipient; yield the language."""
    zone = getattr(recipient, "time_zone", "") or settings.TIME_ZONE
    wanted = language or getattr(recipient, "language", "")
    active_language = wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with translation.override(active_language), timezone.override(zoneinfo.ZoneInfo(zone)):
        yield active_language


def _paragraphs(mail_type: MailType, text: str, context: dict[str, Any]) -> list[str]:
    """Return the paragraphs of a text with placeholders replaced, without those that are empty then."""
    filled = (mail_type.fill(paragraph, context).strip() for paragraph in EMPTY_LINE.split(text.replace("\r\n", "\n")))
    return [paragraph for paragraph in filled if paragraph]


class FolderBackend(BaseEmailBackend):
    """Mail backend that writes each message to `settings.MAIL_DIR` as an `.eml` file; `/dev/mail/` lists them.

    File names begin with the time, so that they sort by age.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages to files; return their number."""
        settings.MAIL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}.eml"
            (settings.MAIL_DIR / name).write_bytes(message.message().as_bytes())
        return len(email_messages)


def list_saved_messages() -> list[Path]:
    """Return the files of the messages in `settings.MAIL_DIR`, newest first."""
    return sorted(settings.MAIL_DIR.glob("*.eml"), reverse=True) if settings.MAIL_DIR.exists() else []


def read_message(path: Path) -> ParsedMessage:
    """Return the parsed message of a file that `FolderBackend` wrote."""
    return BytesParser(policy=policy.default).parsebytes(path.read_bytes())
