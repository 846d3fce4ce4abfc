"""File formats of questions: one module each, without models. `read_file` and `WRITERS` are the entry points."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from quizzes.formats import aiken, gift, moodle_xml
from quizzes.formats.content import (
    MAX_QUESTIONS,
    ReadError,
    ReadFile,
    ReadQuestion,
    SourceQuestion,
    UnreadableFileError,
    WrittenFile,
)
from quizzes.formats.conversion import map_question
from quizzes.formats.encodings import decode

Parser = Callable[[str], Iterator[SourceQuestion | ReadError]]

PARSERS: dict[str, Parser] = {
    "gift": gift.parse,
    "moodle_xml": moodle_xml.parse,
    "aiken": aiken.parse,
    "missingword": gift.parse,
    "cloze": aiken.parse_cloze,
}
WRITERS: dict[str, Callable[[Iterable[Any]], WrittenFile]] = {"gift": gift.write, "moodle_xml": moodle_xml.write}
# The first that recognizes a text reads it. A cloze text and an Aiken question may contain braces, so GIFT is last.
RECOGNIZERS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("moodle_xml", moodle_xml.is_moodle_xml),
    ("cloze", aiken.is_cloze),
    ("aiken", aiken.is_aiken),
    ("gift", gift.is_gift),
)
CHOICES = [
    ("gift", "GIFT"),
    ("moodle_xml", "Moodle XML"),
    ("aiken", "Aiken"),
    ("missingword", gettext_lazy("Missing word")),
    ("cloze", gettext_lazy("Embedded answers (Cloze)")),
]


def read_file(content: bytes, format: str | None = None) -> ReadFile:
    """Return the questions of a file; its format is recognized from the content unless it is given.

    Raises UnreadableFileError (422 `unreadable_file`) for a file that is in no supported format, or has more than 10 MB
    or 2,000 questions.
    """
    text = decode(content)
    name = format or recognize(text)
    questions: list[ReadQuestion] = []
    errors: list[ReadError] = []
    for number, item in enumerate(PARSERS[name](text), 1):
        if number > MAX_QUESTIONS:
            raise UnreadableFileError(_("The file has more than %d questions.") % MAX_QUESTIONS)
        mapped = map_question(item) if isinstance(item, SourceQuestion) else item
        if isinstance(mapped, ReadError):
            errors.append(mapped)
        else:
            questions.append(mapped)
    return ReadFile(name, questions, errors)


def recognize(text: str) -> str:
    """Return the name of the format of a text. Raises UnreadableFileError."""
    for name, is_format in RECOGNIZERS:
        if is_format(text):
            return name
    raise UnreadableFileError(_("The file is in none of the supported formats: GIFT, Moodle XML, Aiken."))
