"""Moodle XML (https://docs.moodle.org/en/Moodle_XML_format), read and written."""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from quizzes.formats.content import (
    FULL,
    Markup,
    ReadError,
    SourceAnswer,
    SourceQuestion,
    Text,
    UnreadableFileError,
    UnreadableQuestionError,
    WrittenFile,
    parse_decimal,
)

Element = Any  # lxml has no types
PROLOG = re.compile(r"(?:\s+|<\?(?:[^?]|\?(?!>))*\?>|<!--(?:[^-]|-(?!->))*-->)*")
MARKUPS: dict[str, Markup] = {
    "html": "html",
    "markdown": "markdown",
    "plain_text": "plain",
    "moodle_auto_format": "moodle",
}
TYPES = {
    "multichoice": "multiple_choice", "truefalse": "true_false", "shortanswer": "short_answer", "numerical": "numeric",
    "matching": "matching", "essay": "essay",
}  # fmt: skip
FILE_CONTENT = re.compile(r"(<file\b[^<>]{0,1000}>)[^<]+(?=</file>)")
COMBINED_FEEDBACK = ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback")


def is_moodle_xml(text: str) -> bool:
    """Return whether a text is XML. The root element is checked by `parse`."""
    return text.lstrip().startswith("<") and re.match(r"<(?:[?!]|quiz\b)", text.lstrip()) is not None


def remove_files(text: str) -> str:
    """Return a text without the content of embedded files, which no import uses. Their elements stay."""
    return FILE_CONTENT.sub(r"\1", text)


def parse(text: str) -> Iterator[SourceQuestion | ReadError]:
    """Yield the questions of a file, and an error for each broken one. Raises UnreadableFileError."""
    category = ""
    for element in _parse_root(text).iterchildren("question"):
        name = element.get("type", "")
        if name == "category":
            category = _content(element.find("category"))
            continue
        try:
            question = _parse_question(element, name)
        except UnreadableQuestionError as error:
            yield ReadError(element.sourceline, "invalid_question", str(error))
        else:
            question.line, question.category = element.sourceline, category
            yield question


def _parse_root(text: str) -> Element:
    """Return the root element. A document type, which could declare entities, is not accepted."""
    prolog = PROLOG.match(text)
    if prolog and text.startswith("<!DOCTYPE", prolog.end()):
        line = text.count("\n", 0, prolog.end()) + 1
        raise UnreadableFileError(_("The file declares a document type, which Moodle XML does not have."), line)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableFileError(_("The XML is not well-formed."), error.lineno) from None
    if root.tag != "quiz":
        raise UnreadableFileError(
            _("The file is XML, but not of Moodle: its root element is not <quiz>."), root.sourceline
        )
    return root


def _parse_question(element: Element, name: str) -> SourceQuestion:
    question = SourceQuestion(TYPES.get(name, name), _text(element.find("questiontext"), "moodle"))
    question.title = _content(element.find("name"))
    if name not in TYPES:
        question.dropped_because = _drop_reason(name)
        return question
    explanation = _text(element.find("generalfeedback"), question.stem.markup)
    question.explanation = explanation if explanation.text.strip() else None
    question.points = parse_decimal(_value(element, "defaultgrade", "1"))
    question.notes = _note_losses(element)
    PARSERS[name](element, question)
    return question


def _drop_reason(name: str) -> str:
    if name == "cloze":
        return _("There are no questions with gaps in a text.")
    if name == "description":
        return _("A description without a question.")
    return _("There is no question type “%s”.") % name[:40]


def _content(element: Element | None) -> str:
    """Return the text of an element, or of its child <text>, which Moodle uses inside of most."""
    if element is None:
        return ""
    inner = element.find("text")
    return ((element if inner is None else inner).text or "").strip()


def _value(element: Element, name: str, default: str) -> str:
    return _content(element.find(name)) or default


def _text(element: Element | None, default: Markup) -> Text:
    if element is None:
        return Text("", default)
    return Text(_content(element), MARKUPS.get(element.get("format", ""), default))


def _note_losses(element: Element) -> list[str]:
    notes = [_("The file “%s” was left out.") % (file.get("name") or "")[:80] for file in element.iter("file")]
    if _value(element, "image", "") or element.find("image_base64") is not None:
        notes.append(_("A picture was left out."))
    if any(_content(element.find(name)) for name in COMBINED_FEEDBACK):
        notes.append(_("The feedback for right, partly right and wrong answers was left out."))
    if any(_content(hint) for hint in element.iterchildren("hint")):
        notes.append(_("Hints were left out."))
    if any(_content(tag) for tag in element.iterfind("tags/tag")):
        notes.append(_("Tags were left out."))
    return notes


def _parse_answer(answer: Element, markup: Markup) -> SourceAnswer:
    feedback = _text(answer.find("feedback"), "html")
    weight = parse_decimal(answer.get("fraction") or "0")
    return SourceAnswer(_text(answer, markup), weight, feedback if feedback.text.strip() else None)


def _parse_choice(element: Element, question: SourceQuestion) -> None:
    question.is_single = _value(element, "single", "true").lower() not in ("false", "0")
    question.question_type = "multiple_choice" if question.is_single else "multiple_select"
    question.answers = [_parse_answer(one, question.stem.markup) for one in element.iterchildren("answer")]


def _parse_true_false(element: Element, question: SourceQuestion) -> None:
    question.answers = [_parse_answer(one, "plain") for one in element.iterchildren("answer")]


def _parse_short_answer(element: Element, question: SourceQuestion) -> None:
    if _value(element, "usecase", "0") in ("1", "true"):
        question.notes.append(_("Upper and lower case count as the same here."))
    # Moodle compares typed answers as plain text, whatever their format is.
    answers = [_parse_answer(one, "plain") for one in element.iterchildren("answer")]
    question.answers = [
        SourceAnswer(Text(one.text.text, "plain"), one.weight, one.feedback)
        for one in answers
        if one.text.text.strip() != "*" or one.weight
    ] + [SourceAnswer(one.text, one.weight, one.feedback) for one in answers if one.text.text == "*" and not one.weight]


def _parse_numeric(element: Element, question: SourceQuestion) -> None:
    if any(_value(unit, "unit_name", "") for unit in element.iterfind("units/unit")):
        question.notes.append(_("Units were left out."))
    for one in element.iterchildren("answer"):
        answer = _parse_answer(one, "plain")
        if answer.text.text in ("", "*"):
            question.answers.append(SourceAnswer(answer.text, Decimal(0), answer.feedback))
            continue
        number, tolerance = parse_decimal(answer.text.text), abs(parse_decimal(_value(one, "tolerance", "0")))
        question.answers.append(SourceAnswer(answer.text, answer.weight, answer.feedback, number, tolerance))


def _parse_matching(element: Element, question: SourceQuestion) -> None:
    for one in element.iterchildren("subquestion"):
        # Moodle's matches have no markup of their own; ours are Markdown, and an export says so at the answer.
        question.pairs.append((_text(one, question.stem.markup), _text(one.find("answer"), "moodle")))


def _parse_essay(element: Element, question: SourceQuestion) -> None:
    for name, note in (
        ("graderinfo", _("The notes for graders were left out.")),
        ("responsetemplate", _("The template of the answer was left out.")),
    ):
        if _content(element.find(name)):
            question.notes.append(note)
    if _value(element, "attachments", "0") != "0":
        question.notes.append(_("Students can't attach files to the answer."))


PARSERS: dict[str, Callable[[Element, SourceQuestion], None]] = {
    "multichoice": _parse_choice,
    "truefalse": _parse_true_false,
    "shortanswer": _parse_short_answer,
    "numerical": _parse_numeric,
    "matching": _parse_matching,
    "essay": _parse_essay,
}


def write(questions: Iterable[Any]) -> WrittenFile:
    """Return question versions as Moodle XML. The texts are marked as Markdown."""
    root = etree.Element("quiz")
    names = {ours: theirs for theirs, ours in TYPES.items()} | {"multiple_select": "multichoice"}
    for question in questions:
        element = etree.SubElement(root, "question", type=names[question.question_type])
        _add(element, "name", " ".join(question.question_text.split())[:80])
        _add(element, "questiontext", question.question_text, "markdown")
        _add(element, "generalfeedback", question.explanation, "markdown")
        etree.SubElement(element, "defaultgrade").text = str(question.points)
        WRITERS[question.question_type](element, question)
    text: str = etree.tostring(root, encoding="unicode", pretty_print=True)
    return WrittenFile(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}', [])


def _add(parent: Element, name: str, text: str, markup: str = "", **attributes: str) -> Element:
    """Append an element with a <text>, and return it."""
    element = etree.SubElement(parent, name, **({"format": markup} if markup else {}), **attributes)
    etree.SubElement(element, "text").text = text.replace("\r\n", "\n").replace("\r", "\n")
    return element


def _add_answer(parent: Element, text: str, weight: Any, markup: str, feedback: str = "") -> Element:
    answer = _add(parent, "answer", text, markup, fraction=format(weight, ".5f").rstrip("0").rstrip("."))
    _add(answer, "feedback", feedback, "markdown")
    return answer


def _write_choice(element: Element, question: Any) -> None:
    is_single = question.question_type == "multiple_choice"
    etree.SubElement(element, "single").text = str(is_single).lower()
    etree.SubElement(element, "shuffleanswers").text = "true"
    share = FULL / sum(one["is_correct"] for one in question.options)
    wrong = Decimal(0) if is_single else -share
    for one in question.options:
        _add_answer(element, one["text"], share if one["is_correct"] else wrong, "markdown", one.get("feedback", ""))


def _write_true_false(element: Element, question: Any) -> None:
    for text in ("true", "false"):
        weight = FULL if text == question.correct_answer else Decimal(0)
        _add_answer(element, text, weight, "moodle_auto_format")


def _write_short_answer(element: Element, question: Any) -> None:
    etree.SubElement(element, "usecase").text = "0"
    for text in [question.correct_answer, *question.accepted_answers]:
        _add_answer(element, text, FULL, "moodle_auto_format")


def _write_numeric(element: Element, question: Any) -> None:
    answer = _add_answer(element, str(question.correct_answer), FULL, "moodle_auto_format")
    etree.SubElement(answer, "tolerance").text = str(question.tolerance or 0)


def _write_matching(element: Element, question: Any) -> None:
    etree.SubElement(element, "shuffleanswers").text = "true"
    texts = {one["id"]: one["text"] for one in question.options["right"]}
    pairs = [(one["text"], texts[question.correct_answer[one["id"]]]) for one in question.options["left"]]
    unmatched = [("", text) for key, text in texts.items() if key not in question.correct_answer.values()]
    for left, right in pairs + unmatched:
        _add(_add(element, "subquestion", left, "markdown"), "answer", right, "markdown")


def _write_essay(element: Element, question: Any) -> None:
    etree.SubElement(element, "responseformat").text = "editor"
    etree.SubElement(element, "attachments").text = "0"


WRITERS: dict[str, Callable[[Element, Any], None]] = {
    "multiple_choice": _write_choice,
    "multiple_select": _write_choice,
    "true_false": _write_true_false,
    "short_answer": _write_short_answer,
    "numeric": _write_numeric,
    "matching": _write_matching,
    "essay": _write_essay,
}
