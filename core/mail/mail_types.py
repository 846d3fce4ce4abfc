"""Mail types: the texts of every email that the site sends, with placeholders in braces, and the link of its button.

The apps define their mail types in `emails.py` and register them here. Staff may replace subject and text of a type
(`core.mail.texts`). The button, codes, details and the reason for the mail are not part of the text, so that an edited
text cannot lose them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from core.registry import Registry

# Placeholders are only replaced by the mail type's own values; they are never evaluated as code or templates.
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")

Context = Mapping[str, Any]
Value = Callable[[Context], str]


@dataclass(frozen=True)
class MailText:
    """Editable text of a mail: the subject, and the paragraphs of the body, separated by empty lines."""

    subject: str
    text: str


@dataclass(frozen=True)
class MailType:
    """Definition of one type of mail. All texts are lazy translations.

    `values` maps each placeholder of `subject`, `heading`, `text`, `teaser` and `after` to a function of the context.
    `heading` replaces the subject as the heading of the body. `teaser` is the preview line of an inbox. `details` are
    pairs of a label and a placeholder, shown before the button. `address` and `label` define the button. `after` is
    shown below the button, and `why` is the reason for the mail, in the footer. `sample` returns a context of unsaved
    objects for previews. `can_unsubscribe` allows an unsubscribe link. A type that needs more than this has its own
    template, `templates/mail/<name>.html` and `.txt`.
    """

    name: str
    title: Any
    subject: Any
    text: Any
    why: Any
    values: Mapping[str, Value]
    sample: Callable[[], dict[str, Any]]
    address: Value | None = None
    label: Any = ""
    heading: Any = ""
    teaser: Any = ""
    after: Any = ""
    details: tuple[tuple[Any, str], ...] = ()
    can_unsubscribe: bool = False

    @property
    def default_text(self) -> MailText:
        """The text in the active language, without the site's edits."""
        return MailText(str(self.subject), str(self.text))

    def find_unknown_placeholders(self, text: str) -> list[str]:
        """Return the placeholders of `text` that this type does not define, without duplicates, in order."""
        return list(dict.fromkeys(name for name in PLACEHOLDER.findall(text) if name not in self.values))

    def fill(self, text: str, context: Context) -> str:
        """Return `text` with its placeholders replaced. Braces inside a value are not replaced again."""
        return PLACEHOLDER.sub(lambda match: self._replace(match, context), text)

    def _replace(self, match: re.Match[str], context: Context) -> str:
        value = self.values.get(match[1])
        return match[0] if value is None else str(value(context))


mail_types: Registry[MailType] = Registry("a mail type")


def register(*added: MailType) -> None:
    """Register mail types under their names. Each app's `emails.py` calls this when it is imported."""
    for mail_type in added:
        mail_types.register(mail_type.name, mail_type)


def get_mail_type(name: str) -> MailType:
    """Return the mail type called `name`; raise LookupError if there is none."""
    return mail_types[name]


def get_mail_types() -> list[MailType]:
    """Return all mail types, sorted by name."""
    return [mail_type for _name, mail_type in sorted(mail_types.items())]


def read_value(name: str) -> Value:
    """Return a function that returns one value of the context unchanged."""
    return lambda context: str(context[name])


def format_day(moment: datetime) -> str:
    """Return the date of `moment` in the active language and time zone."""
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


def format_time(moment: datetime) -> str:
    """Return `moment` in the active language and time zone, with the name of the time zone."""
    local = timezone.localtime(moment)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({local.tzname()})"
