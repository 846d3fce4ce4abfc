"""Aiken, a text format for multiple choice (https://docs.moodle.org/en/Aiken_format), and Moodle's cloze text."""

import re
from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from quizzes.formats.content import FULL, ReadError, SourceAnswer, SourceQuestion, Text

OPTION = re.compile(r"\s*(?P<letter>[A-Z])[.)]\s*(?P<text>\S.*)$")
ANSWER = re.compile(r"\s*ANSWER:\s*(?P<letter>.*)$")
GAP = re.compile(r"\{\d{0,5}:[A-Z_]{2,30}:")


def is_aiken(text: str) -> bool:
    """Return whether a text has a line "ANSWER: X"."""
    return any(ANSWER.match(line) for line in text.split("\n"))


def is_cloze(text: str) -> bool:
    """Return whether a text has gaps such as {1:SHORTANSWER:=Paris}."""
    return GAP.search(text) is not None


def parse_cloze(text: str) -> Iterator[SourceQuestion | ReadError]:
    """Yield the one question of a file with gaps, which is dropped: there is no such question type."""
    yield SourceQuestion(
        "cloze", Text(text, "plain"), 1, dropped_because=_("There are no questions with gaps in a text.")
    )


def parse(text: str) -> Iterator[SourceQuestion | ReadError]:
    """Yield the questions of a file, and an error for each broken one."""
    stem: list[str] = []
    options: dict[str, str] = {}
    start = 0
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if answer := ANSWER.match(line):
            yield _make_question(start or number, stem, options, answer["letter"].strip())
            stem, options, start = [], {}, 0
        elif option := OPTION.match(line):
            start = start or number
            options[option["letter"]] = option["text"].strip()
        else:
            if options:  # a new question begins before the answer of the last one
                yield ReadError(start, "invalid_question", _("The line “ANSWER:” is missing."))
                stem, options, start = [], {}, 0
            start = start or number
            stem.append(line.strip())
    if stem or options:
        yield ReadError(start, "invalid_question", _("The line “ANSWER:” is missing."))


def _make_question(line: int, stem: list[str], options: dict[str, str], letter: str) -> SourceQuestion | ReadError:
    if not stem:
        return ReadError(line, "invalid_question", _("The question has no text."))
    if len(options) < 2:
        return ReadError(line, "invalid_question", _("The question has fewer than two options."))
    if letter not in options:
        return ReadError(line, "invalid_question", _("The answer is not one of the options."))
    answers = [
        SourceAnswer(Text(text, "plain"), FULL if key == letter else Decimal(0)) for key, text in options.items()
    ]
    return SourceQuestion("multiple_choice", Text("\n".join(stem), "plain"), line, answers=answers)
