"""Every kind of mail that the site sends: what it says, with names in braces for what differs, and where it leads.

The apps describe their kinds (`mails.py`) and register them here. A site may word a kind its own way: whoever keeps
such wordings registers where to look (`use_wordings`). What a mail must not lose (its button, a code, why one gets it)
is no part of its wording.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

# What a text names in braces. Nothing in it is ever run, or looked up in anything but the kind's own values.
NAMED = re.compile(r"\{([^{}]*)\}")

Context = Mapping[str, Any]
Value = Callable[[Context], str]


@dataclass(frozen=True)
class Wording:
    """What a kind of mail says: `subject`, and `text` in paragraphs, which an empty line parts."""

    subject: str
    text: str


@dataclass(frozen=True)
class Kind:
    """One kind of mail. Its texts are lazy translations.

    `values` are what `subject`, `heading`, `text` and `after` may name in braces, each as the context says it.
    `heading` stands where it says more than the subject. `teaser` is what an inbox shows beside the subject. `address`
    and `label` make the button; `facts` stand before it, each a label and the name of a value; `after` follows it;
    `why` says at the foot why one gets the mail. `sample` is a context to look at, of rows that are in no database.
    `can_be_refused` says that mails of this kind may name an address that ends them. Mail that shows more than this has
    a template of its own.
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
    facts: tuple[tuple[Any, str], ...] = ()
    can_be_refused: bool = False

    @property
    def wording(self) -> Wording:
        """What it says unless the site says otherwise, in the language that is spoken now."""
        return Wording(str(self.subject), str(self.text))

    def unknown(self, text: str) -> list[str]:
        """Return what stands in braces in a text and is none of the kind's values, in order, each once."""
        return list(dict.fromkeys(one for one in NAMED.findall(text) if one not in self.values))

    def filled(self, text: str, context: Context) -> str:
        """Return a text with its values in their places. A value is not looked through for braces of its own."""
        return NAMED.sub(lambda named: self._value(named, context), text)

    def _value(self, named: re.Match[str], context: Context) -> str:
        value = self.values.get(named[1])
        return named[0] if value is None else str(value(context))


_kinds: dict[str, Kind] = {}
_kept: list[Callable[[str, str], Wording | None]] = []


def register(*kinds: Kind) -> None:
    """Add kinds of mail; call it once, from the app's `ready`."""
    _kinds.update({kind.name: kind for kind in kinds})


def kind_of(name: str) -> Kind:
    """Return the kind called `name`; raise LookupError where there is none."""
    return _kinds[name]


def every_kind() -> list[Kind]:
    """Return all kinds, in the order of their names."""
    return [_kinds[name] for name in sorted(_kinds)]


def use_wordings(kept: Callable[[str, str], Wording | None]) -> None:
    """Have `kept` say how the site words a kind in a language; it returns None for the kind's own wording."""
    _kept[:] = [kept]


def wording_of(kind: Kind, language: str) -> Wording:
    """Return how the site words a kind in a language, which is the one that is spoken now."""
    found = _kept[0](kind.name, language) if _kept else None
    return found or kind.wording


def given(name: str) -> Value:
    """Return what says one value of the context as it is."""
    return lambda context: str(context[name])


def day_of(moment: datetime) -> str:
    """Return the day of a moment as its reader writes it, where they are."""
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


def time_of(moment: datetime) -> str:
    """Return a moment as its reader writes it, where they are, with the name of the time zone."""
    local = timezone.localtime(moment)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({local.tzname()})"
