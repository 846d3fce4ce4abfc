"""Questions of a file: as the file has them (`SourceQuestion`), and in the shape of the services (`ReadQuestion`)."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from django.utils.translation import gettext as _

from core.http.errors import DomainError
from core.text.numbers import MAX_NUMBER

MAX_BYTES = 10 * 1024 * 1024
MAX_QUESTIONS = 2_000
Fidelity = Literal["exact", "approximated", "dropped"]
Markup = Literal["html", "markdown", "plain", "moodle"]
FULL = Decimal(100)


class UnreadableFileError(DomainError):
    """The file is not in a supported format (422 `unreadable_file`)."""

    status = 422

    def __init__(self, detail: Any, line: int | None = None) -> None:
        text = _("Line %(line)d: %(detail)s") % {"line": line, "detail": detail} if line else detail
        super().__init__("unreadable_file", text)


class UnreadableQuestionError(Exception):
    """One question of a file is broken; the message is for the author."""


def parse_decimal(text: str) -> Decimal:
    """Return a number with a decimal point. Raises UnreadableQuestionError for anything else."""
    try:
        number = Decimal(text.strip()) if len(text) <= 60 else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or abs(number) > MAX_NUMBER:
        raise UnreadableQuestionError(_("“%s” is not a number.") % text.strip()[:60])
    return number


@dataclass(frozen=True)
class Text:
    """A text and its markup. `moodle` is plain text that may contain HTML tags."""

    text: str
    markup: Markup = "moodle"


@dataclass(frozen=True)
class SourceAnswer:
    """An answer with its share of the points in percent. Numeric answers have a number instead of a text."""

    text: Text
    weight: Decimal
    feedback: Text | None = None
    number: Decimal | None = None
    tolerance: Decimal = Decimal(0)


@dataclass
class SourceQuestion:
    """A question as its file has it. `question_type` is ours, or the file's name of a type that we don't have.

    `is_single` means that students choose exactly one of the answers. `pairs` are the two sides of a matching question;
    an empty left side marks a match that belongs to no item. `notes` lists what the format's reader left out.
    """

    question_type: str
    stem: Text
    line: int | None = None
    title: str = ""
    category: str = ""
    answers: list[SourceAnswer] = field(default_factory=list)
    pairs: list[tuple[Text, Text]] = field(default_factory=list)
    is_single: bool = True
    explanation: Text | None = None
    points: Decimal = Decimal(1)
    notes: list[str] = field(default_factory=list)
    dropped_because: str = ""


@dataclass(frozen=True)
class ReadError:
    """A question that could not be read."""

    line: int | None
    code: str
    detail: str


@dataclass(frozen=True)
class ReadQuestion:
    """A question in the shape of the services. `fields` is empty for a dropped question.

    `notes` lists what differs from the file, or why the question was dropped.
    """

    title: str
    question_type: str
    line: int | None
    category: str
    fields: dict[str, Any]
    notes: tuple[str, ...]

    @property
    def fidelity(self) -> Fidelity:
        """Return `dropped` without fields, `approximated` with notes, `exact` otherwise."""
        if not self.fields:
            return "dropped"
        return "approximated" if self.notes else "exact"


@dataclass(frozen=True)
class ReadFile:
    """The questions of a file and the errors of those that are broken."""

    format: str
    questions: list[ReadQuestion]
    errors: list[ReadError]


@dataclass(frozen=True)
class WrittenFile:
    """An export, and what the format could not represent, one sentence each."""

    text: str
    losses: list[str]
