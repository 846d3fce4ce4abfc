"""GIFT, Moodle's text format for questions (https://docs.moodle.org/en/GIFT_format), read and written.

Moodle's missing-word format is the subset of GIFT in which the braces are inside of the sentence.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, cast

from django.utils.translation import gettext as _

from quizzes.formats.content import (
    FULL,
    Markup,
    ReadError,
    SourceAnswer,
    SourceQuestion,
    Text,
    UnreadableQuestionError,
    WrittenFile,
    parse_decimal,
)

# Escaped characters are replaced by noncharacters, which `decode` removes from files, until the syntax is read.
ESCAPED = "~=#{}:\\n"
PROTECTED = {char: chr(0xFDD0 + place) for place, char in enumerate(ESCAPED)}
RESTORED = str.maketrans({sign: "\n" if char == "n" else char for char, sign in PROTECTED.items()})
ESCAPE = re.compile(r"\\([~=#{}:\\n])")
CATEGORY = re.compile(r"^[ \t]*\$CATEGORY:[ \t]*(?P<path>[^\n]*)$", re.MULTILINE)
TITLE = re.compile(r"\s*::(?P<title>.*?)::", re.DOTALL)
MARKUP = re.compile(r"\s*\[(?P<name>html|markdown|plain|moodle)\]", re.IGNORECASE)
WEIGHT = re.compile(r"\s*%(?P<weight>-?\d{1,9}(?:[.,]\d{1,9})?)%")
SIGNS_OF_GIFT = re.compile(r"(?<!\\)\{|^\s*(?:::|//|\$CATEGORY:|\[(?:html|markdown|plain|moodle)\])", re.MULTILINE)
TRUE, FALSE = {"T", "TRUE"}, {"F", "FALSE"}
BLANK = "_____"


def is_gift(text: str) -> bool:
    """Return whether a text has syntax that only GIFT files have."""
    return SIGNS_OF_GIFT.search(text) is not None


def parse(text: str) -> Iterator[SourceQuestion | ReadError]:
    """Yield the questions of a file, and an error for each broken one."""
    category = ""
    protected = ESCAPE.sub(lambda match: PROTECTED[match[1]], text)
    for line, block in _join_split_answers(_split_blocks(protected)):
        for match in CATEGORY.finditer(block):
            category = _restore(match["path"])
        block = CATEGORY.sub("", block)
        if not block.strip():
            continue
        try:
            question = _parse_block(block)
        except UnreadableQuestionError as error:
            yield ReadError(line, "invalid_question", str(error))
        else:
            question.line, question.category = line, category
            yield question


def _split_blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the blocks between blank lines without their comments, each with the number of its first line."""
    lines: list[str] = []
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            if lines:
                yield start, "\n".join(lines)
            lines = []
        elif not line.lstrip().startswith("//"):
            start = start if lines else number
            lines.append(line)
    if lines:
        yield start, "\n".join(lines)


def _join_split_answers(blocks: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Join the blocks of a question that has blank lines between its braces."""
    waiting: list[tuple[int, str]] = []
    for line, block in blocks:
        opens, closes = block.find("{"), block.find("}")
        if waiting and closes >= 0 and (opens < 0 or closes < opens):
            yield waiting[0][0], "\n".join([part for _line, part in waiting] + [block])
            waiting = []
        elif waiting and opens < 0:
            waiting.append((line, block))
        else:
            yield from waiting
            waiting = []
            if block.count("{") > block.count("}"):
                waiting.append((line, block))
            else:
                yield line, block
    yield from waiting


def _restore(text: str) -> str:
    return text.translate(RESTORED).strip()


def _parse_block(block: str) -> SourceQuestion:
    title = ""
    if match := TITLE.match(block):
        title, block = _restore(match["title"]), block[match.end() :]
    opens, closes = block.find("{"), block.find("}")
    if opens < 0 and closes < 0:
        reason = _("A description without a question.")
        return SourceQuestion("description", _text(block), title=title, dropped_because=reason)
    if opens < 0 or closes < opens:
        raise UnreadableQuestionError(_("The braces around the answers are not paired."))
    if "{" in block[opens + 1 :] or "}" in block[closes + 1 :]:
        raise UnreadableQuestionError(
            _("A question has one pair of braces. Leave a blank line before the next; write others as \\{ and \\}.")
        )
    before, answers, after = block[:opens], block[opens + 1 : closes], block[closes + 1 :]
    stem = _text(_join_stem(before.rstrip(), after.strip(" \t\n\"';")))
    answers, _separator, general = answers.partition("####")
    question = _parse_answers(answers, stem)
    question.title = title
    question.explanation = _text(general, stem.markup) if general.strip() else None
    return question


def _join_stem(before: str, after: str) -> str:
    """Return the sentence around the braces with a blank in their place; without one if they end it."""
    if not after:
        return before
    return f"{before} {BLANK}{after}" if after[0] in ".,:;!?)" else f"{before} {BLANK} {after}"


def _text(text: str, markup: Markup = "moodle") -> Text:
    """Return a text whose markup is named at its start, else is that of the question."""
    if match := MARKUP.match(text):
        return Text(_restore(text[match.end() :]), cast(Markup, match["name"].lower()))
    return Text(_restore(text), markup)


def _parse_answers(answers: str, stem: Text) -> SourceQuestion:
    if not answers.strip():
        return SourceQuestion("essay", stem)
    if answers.lstrip().startswith("#"):
        return SourceQuestion("numeric", stem, answers=_parse_numbers(answers.lstrip()[1:], stem.markup))
    if answers.partition("#")[0].strip().upper() in TRUE | FALSE:
        return _parse_true_false(answers, stem)
    parts = _split_answers(answers)
    if "~" in answers:
        is_single = any(sign == "=" for sign, _part in parts)
        found = [_parse_answer(sign, part, stem.markup) for sign, part in parts]
        return SourceQuestion(
            "multiple_choice" if is_single else "multiple_select", stem, answers=found, is_single=is_single
        )
    if "=" in answers and "->" in answers and not any(WEIGHT.match(part) for _sign, part in parts):
        return SourceQuestion("matching", stem, pairs=[_parse_pair(part, stem.markup) for _sign, part in parts])
    return SourceQuestion(
        "short_answer", stem, answers=[_parse_answer("=", part, stem.markup) for _sign, part in parts]
    )


def _split_answers(answers: str) -> list[tuple[str, str]]:
    """Return the answers, each with the sign before it. A single answer needs no sign."""
    first, *rest = re.split(r"([=~])", answers)
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    return [("=", first), *pairs] if first.strip() else pairs


def _parse_weight(sign: str, part: str) -> tuple[Decimal, str]:
    """Return the weight of an answer and the part after it."""
    if match := WEIGHT.match(part):
        return Decimal(match["weight"].replace(",", ".")), part[match.end() :]
    return (FULL if sign == "=" else Decimal(0)), part


def _parse_feedback(part: str, markup: Markup) -> tuple[str, Text | None]:
    """Return an answer and the feedback after its number sign."""
    answer, _separator, feedback = part.partition("#")
    return answer, _text(feedback, markup) if feedback.strip() else None


def _parse_answer(sign: str, part: str, markup: Markup) -> SourceAnswer:
    weight, part = _parse_weight(sign, part)
    answer, feedback = _parse_feedback(part, markup)
    return SourceAnswer(_text(answer, markup), weight, feedback)


def _parse_true_false(answers: str, stem: Text) -> SourceQuestion:
    """Return a true/false question. The first feedback is for a wrong answer, the second for a right one."""
    word, *feedback = answers.split("#")
    key = word.strip().upper() in TRUE
    wrong, right = ([_text(one, stem.markup) if one.strip() else None for one in feedback[:2]] + [None, None])[:2]
    found = [
        SourceAnswer(Text(str(key).lower()), FULL, right),
        SourceAnswer(Text(str(not key).lower()), Decimal(0), wrong),
    ]
    return SourceQuestion("true_false", stem, answers=found)


def _parse_pair(part: str, markup: Markup) -> tuple[Text, Text]:
    left, arrow, right = part.partition("->")
    if not arrow or not right.strip():
        raise UnreadableQuestionError(_("A pair needs an arrow and a match: = item -> match"))
    # A match has no markup of its own.
    return _text(left, markup), Text(_restore(right), "markdown" if markup == "markdown" else "moodle")


def _parse_numbers(answers: str, markup: Markup) -> list[SourceAnswer]:
    found = []
    for sign, part in _split_answers(answers):
        weight, rest = _parse_weight(sign, part)
        number, feedback = _parse_feedback(rest, markup)
        if _restore(number) in ("", "*"):  # any other answer, which only has feedback
            found.append(SourceAnswer(Text("*"), Decimal(0), feedback))
        else:
            value, tolerance = _parse_range(_restore(number))
            found.append(SourceAnswer(Text(_restore(number)), weight, feedback, value, tolerance))
    return found


def _parse_range(text: str) -> tuple[Decimal, Decimal]:
    """Return number and tolerance of "5", "5:0.1" and "4.9..5.1"."""
    low, dots, high = text.partition("..")
    if dots:
        ends = sorted((parse_decimal(low), parse_decimal(high)))
        return (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
    number, _colon, tolerance = text.partition(":")
    return parse_decimal(number), abs(parse_decimal(tolerance)) if tolerance.strip() else Decimal(0)


def write(questions: Iterable[Any]) -> WrittenFile:
    """Return question versions as a GIFT file. The texts are marked as Markdown."""
    blocks, losses = [], []
    for place, question in enumerate(questions, 1):
        if question.points != 1:
            losses.append(_("Question %d: GIFT has no points.") % place)
        if question.question_type == "short_answer" and "->" in "".join(_accepted(question)):
            losses.append(_("Question %d: other programs read an answer with an arrow as a pair.") % place)
        if question.question_type == "matching" and any("->" in one["text"] for one in question.options["left"]):
            losses.append(_("Question %d: an arrow in an item was written as →.") % place)
        explanation = f"\n####[markdown]{_escape(question.explanation)}" if question.explanation.strip() else ""
        answers = WRITERS[question.question_type](question)
        blocks.append(f"[markdown]{_escape(question.question_text)}{{{answers}{explanation}\n}}\n")
    return WrittenFile("\n".join(blocks), losses)


def _escape(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return re.sub(r"[~=#{}:\\\n]", lambda match: "\\n" if match[0] == "\n" else f"\\{match[0]}", text)


def _write_choice(question: Any) -> str:
    return "".join(_write_option("=" if one["is_correct"] else "~", one) for one in question.options)


def _write_select(question: Any) -> str:
    share = format(FULL / len(question.correct_answer), ".5f").rstrip("0").rstrip(".")
    signs = {True: f"~%{share}%", False: f"~%-{share}%"}
    return "".join(_write_option(signs[one["is_correct"]], one) for one in question.options)


def _write_option(sign: str, option: dict[str, Any]) -> str:
    feedback = f"#[markdown]{_escape(option['feedback'])}" if option.get("feedback") else ""
    return f"\n\t{sign}[markdown]{_escape(option['text'])}{feedback}"


def _write_true_false(question: Any) -> str:
    return str(question.correct_answer).upper()


def _accepted(question: Any) -> list[str]:
    return [question.correct_answer, *question.accepted_answers]


def _write_short_answer(question: Any) -> str:
    # A text such as "[html]" at the start would be read as the name of the markup.
    return "".join(
        f"\n\t=%100%{'[plain]' if MARKUP.match(text) else ''}{_escape(text)}" for text in _accepted(question)
    )


def _write_numeric(question: Any) -> str:
    return f"#{question.correct_answer}:{question.tolerance or 0}"


def _write_matching(question: Any) -> str:
    texts = {one["id"]: one["text"] for one in question.options["right"]}
    sides = [
        (one["text"].replace("->", "→"), texts[question.correct_answer[one["id"]]]) for one in question.options["left"]
    ]
    pairs = [f"\n\t=[markdown]{_escape(left)} -> {_escape(right)}" for left, right in sides]
    unmatched = [text for key, text in texts.items() if key not in question.correct_answer.values()]
    return "".join(pairs + [f"\n\t= -> {_escape(text)}" for text in unmatched])


def _write_essay(question: Any) -> str:
    return ""


WRITERS = {
    "multiple_choice": _write_choice,
    "multiple_select": _write_select,
    "true_false": _write_true_false,
    "short_answer": _write_short_answer,
    "numeric": _write_numeric,
    "matching": _write_matching,
    "essay": _write_essay,
}
