"""Mail: one function that sends a kind of mail as text and HTML, and the folder that takes it in development."""

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

from lms.lib import mail_kinds
from lms.lib.mail_kinds import Kind, Wording

EMPTY_LINE = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Letter:
    """A mail as it is read."""

    subject: str
    text: str
    html: str


def send(name: str, *, to: str, context: dict[str, Any], unsubscribe_url: str = "") -> None:
    """Send a mail of the kind called `name` to one address.

    It speaks the language, and tells times in the time zone, of `context["user"]`, who reads it, else the site's. Mail
    that one can choose not to get names the address that ends it: in both bodies, and in the headers by which mail
    programs show a button of their own, which works without a login (RFC 8058). Called from tasks, never from a
    request: raises what the mail server raises, so that the task is tried again.
    """
    letter = written(mail_kinds.kind_of(name), context, unsubscribe_url=unsubscribe_url)
    headers = {}
    if unsubscribe_url:
        headers = {"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    message = EmailMultiAlternatives(subject=letter.subject, body=letter.text, to=[to], headers=headers)
    message.attach_alternative(letter.html, "text/html")
    message.send()


def written(
    kind: Kind,
    context: dict[str, Any],
    *,
    unsubscribe_url: str = "",
    wording: Wording | None = None,
    language: str = "",
) -> Letter:
    """Return a mail of a kind as its reader gets it: worded as the site words it, or as `wording` says, in the reader's
    language, or in `language`. No query but what the wording takes."""
    with _spoken(context.get("user"), language) as spoken:
        words = wording or mail_kinds.wording_of(kind, spoken)
        # A name with a line break must not become a header (QUALITY U05).
        subject = " ".join(kind.filled(words.subject, context).split())
        shown = {
            **context,
            "site_url": settings.SITE_URL,
            "unsubscribe_url": unsubscribe_url,
            "subject": subject,
            "heading": kind.filled(str(kind.heading), context) or subject,
            "teaser": kind.filled(str(kind.teaser), context),
            "paragraphs": _paragraphs(kind, words.text, context),
            "facts": [(label, kind.values[name](context)) for label, name in kind.facts],
            "after": _paragraphs(kind, str(kind.after), context),
            "button": {"label": kind.label, "address": kind.address(context)} if kind.address else None,
            "why": kind.why,
        }
        text, html = (_rendered(kind, form, shown) for form in ("txt", "html"))
    return Letter(subject, text.strip() + "\n", html)


def _rendered(kind: Kind, form: str, shown: dict[str, Any]) -> str:
    return select_template([f"mail/{kind.name}.{form}", f"mail/letter.{form}"]).render(shown)


def sample(kind: Kind, *, wording: Wording | None = None, language: str = "") -> Letter:
    """Return a mail of a kind about somebody who does not exist."""
    no_more = f"{settings.SITE_URL}/" if kind.can_be_refused else ""
    return written(kind, kind.sample(), unsubscribe_url=no_more, wording=wording, language=language)


@contextmanager
def _spoken(reader: Any, language: str) -> Iterator[str]:
    """Speak the reader's language where their days are; yield the language."""
    zone = getattr(reader, "time_zone", "") or settings.TIME_ZONE
    wanted = language or getattr(reader, "language", "")
    spoken = wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with translation.override(spoken), timezone.override(zoneinfo.ZoneInfo(zone)):
        yield spoken


def _paragraphs(kind: Kind, text: str, context: dict[str, Any]) -> list[str]:
    """Return the paragraphs of a text, filled in; those that came out empty are left out."""
    filled = (kind.filled(one, context).strip() for one in EMPTY_LINE.split(text.replace("\r\n", "\n")))
    return [one for one in filled if one]


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
