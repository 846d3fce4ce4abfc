"""Conversion of a file's question to the shape of the services, with notes on what differs."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.text.characters import is_blank
from quizzes.formats.content import (
    FULL,
    ReadError,
    ReadQuestion,
    SourceAnswer,
    SourceQuestion,
    Text,
    UnreadableQuestionError,
)
from quizzes.formats.texts import to_markdown, to_plain
from quizzes.option_ids import make_option_id
from quizzes.question_types import MAX_OPTION_TEXT, TYPES, QuestionError

MAX_POINTS = 1_000
MAX_QUESTION_TEXT = 10_000
MAX_EXPLANATION = 5_000
TITLE_LENGTH = 80
NO_MATCH = "-"
SAME_WEIGHT = Decimal("0.01")  # formats write a third as 33.33333
Notes = list[str]
Key = tuple[str, dict[str, Any]]


def map_question(source: SourceQuestion) -> ReadQuestion | ReadError:
    """Return the question in the shape of the services, or the error that makes it unusable."""
    try:
        return _map(source)
    except (UnreadableQuestionError, QuestionError) as error:
        return ReadError(source.line, "invalid_question", str(error))


def _map(source: SourceQuestion) -> ReadQuestion:
    notes = list(source.notes)
    stem, stem_notes = to_markdown(source.stem)
    title = " ".join((source.title or to_plain(source.stem)[0]).split())[:TITLE_LENGTH]
    if source.dropped_because:
        return ReadQuestion(title, source.question_type, source.line, source.category, {}, (source.dropped_because,))
    if is_blank(stem):
        raise UnreadableQuestionError(_("The question has no text."))
    if len(stem) > MAX_QUESTION_TEXT:
        raise UnreadableQuestionError(_("The question is longer than %d characters.") % MAX_QUESTION_TEXT)
    notes += stem_notes
    question_type, key = MAPPERS[source.question_type](source, notes)
    fields = {
        "question_type": question_type,
        "question_text": stem,
        "points": _map_points(source.points, notes),
        "explanation": _map_explanation(source.explanation, notes),
        **_clean_key(question_type, key),
    }
    return ReadQuestion(title, question_type, source.line, source.category, fields, tuple(dict.fromkeys(notes)))


def _clean_key(question_type: str, key: dict[str, Any]) -> dict[str, Any]:
    names = ("options", "correct_answer", "accepted_answers", "tolerance")
    return TYPES[question_type].clean_key(**{name: key.get(name) for name in names})


def _map_points(points: Decimal, notes: Notes) -> int:
    rounded = points.quantize(Decimal(1), ROUND_HALF_UP) if abs(points) <= MAX_POINTS else Decimal(MAX_POINTS)
    whole = int(max(Decimal(0), rounded))
    if whole != points:
        notes.append(_("%(points)s points were changed to %(whole)d.") % {"points": points, "whole": whole})
    return whole


def _map_explanation(explanation: Text | None, notes: Notes) -> str:
    if explanation is None:
        return ""
    text, found = to_markdown(explanation)
    notes += found
    if len(text) > MAX_EXPLANATION:
        notes.append(_("The explanation was cut to %d characters.") % MAX_EXPLANATION)
    return text[:MAX_EXPLANATION]


def _inline(text: Text | None, notes: Notes) -> str:
    if text is None:
        return ""
    markdown, found = to_markdown(text, inline=True)
    notes += found
    return markdown


def _option(answer: SourceAnswer, notes: Notes, *, is_correct: bool) -> dict[str, Any]:
    feedback = _inline(answer.feedback, notes)
    if len(feedback) > MAX_OPTION_TEXT:
        notes.append(_("A feedback was cut to %d characters.") % MAX_OPTION_TEXT)
        feedback = feedback[:MAX_OPTION_TEXT]
    return {
        "id": make_option_id(), "text": _inline(answer.text, notes), "is_correct": is_correct, "feedback": feedback,
    }  # fmt: skip


def _merge(options: list[dict[str, Any]], notes: Notes) -> list[dict[str, Any]]:
    """Return the options without repeated ones. A text that is both right and wrong stays, and is an error later."""
    merged = {(one["text"], one["is_correct"]): one for one in reversed(options)}
    if len(merged) < len(options):
        notes.append(_("Repeated options were merged."))
    return list(reversed(merged.values()))


def _map_choice(source: SourceQuestion, notes: Notes) -> Key:
    if not source.is_single:
        return _map_select(source, notes)
    full = [one for one in source.answers if one.weight >= FULL]
    if not full:
        raise UnreadableQuestionError(_("No answer is correct."))
    if len(full) > 1:
        notes.append(_("Several answers earn full points. Here, students have to choose all of them."))
    for one in source.answers:
        if one.weight not in (0, FULL):
            notes.append(_weight_note(one))
    options = _merge([_option(one, notes, is_correct=one.weight >= FULL) for one in source.answers], notes)
    return ("multiple_choice" if len(full) == 1 else "multiple_select"), {"options": options}


def _map_select(source: SourceQuestion, notes: Notes) -> Key:
    right = [one for one in source.answers if one.weight > 0]
    if not right:
        raise UnreadableQuestionError(_("No answer is correct."))
    share = FULL / len(right)
    expected = {True: share, False: -share}
    if any(abs(one.weight - expected[one.weight > 0]) > SAME_WEIGHT for one in source.answers):
        notes.append(
            _("The weights differ: here, each correct option adds an equal share, and each wrong one takes it.")
        )
    options = _merge([_option(one, notes, is_correct=one.weight > 0) for one in source.answers], notes)
    return "multiple_select", {"options": options}


def _map_true_false(source: SourceQuestion, notes: Notes) -> Key:
    _note_feedback(source.answers, notes)
    right = [one.text.text.strip().lower() for one in source.answers if one.weight >= FULL]
    if len(right) != 1 or right[0] not in ("true", "false"):
        raise UnreadableQuestionError(_("Neither true nor false is the correct answer."))
    return "true_false", {"correct_answer": right[0]}


def _map_short_answer(source: SourceQuestion, notes: Notes) -> Key:
    accepted: list[str] = []
    for one in _full_answers(source.answers, notes):
        text, found = to_plain(one.text)
        notes += found
        if "*" in text.replace("\\*", ""):
            notes.append(_("The wildcard in “%s” is read as an asterisk.") % text[:TITLE_LENGTH])
        accepted.append(text)
    if not accepted:
        raise UnreadableQuestionError(_("No answer is correct."))
    return "short_answer", {"correct_answer": accepted[0], "accepted_answers": list(dict.fromkeys(accepted[1:]))}


def _map_numeric(source: SourceQuestion, notes: Notes) -> Key:
    answers = [one for one in _full_answers(source.answers, notes) if one.number is not None]
    if not answers:
        raise UnreadableQuestionError(_("No answer is correct."))
    notes += [_("The further answer %s was left out.") % one.number for one in answers[1:]]
    return "numeric", {"correct_answer": answers[0].number, "tolerance": answers[0].tolerance}


def _full_answers(answers: list[SourceAnswer], notes: Notes) -> list[SourceAnswer]:
    """Return the answers that earn full points; add notes on the others and on feedback."""
    _note_feedback(answers, notes)
    notes += [_weight_note(one) for one in answers if one.weight != 0 and one.weight < FULL]
    return [one for one in answers if one.weight >= FULL]


def _weight_note(answer: SourceAnswer) -> str:
    text = str(answer.number) if answer.number is not None else to_plain(answer.text)[0]
    weight = format(answer.weight.normalize(), "f")
    return _("“%(answer)s” earned %(weight)s%% and earns nothing here.") % {
        "answer": text[:TITLE_LENGTH], "weight": weight,
    }  # fmt: skip


def _note_feedback(answers: list[SourceAnswer], notes: Notes) -> None:
    if any(one.feedback is not None and not is_blank(to_plain(one.feedback)[0]) for one in answers):
        notes.append(_("The feedback for answers was left out."))


def _map_matching(source: SourceQuestion, notes: Notes) -> Key:
    texts = [(_inline(item, notes), _inline(match, notes)) for item, match in source.pairs]
    pairs = list(dict.fromkeys(texts))
    if len(pairs) < len(texts):
        notes.append(_("Repeated pairs were merged."))
    matches = list(dict.fromkeys(match for _item, match in pairs))
    if len(matches) == 1:
        matches.append(NO_MATCH)
        notes.append(_("The match “%s” was added, because all items have the same one.") % NO_MATCH)
    right = [{"id": make_option_id(), "text": match} for match in matches]
    ids = {one["text"]: one["id"] for one in right}
    left = [({"id": make_option_id(), "text": item}, ids[match]) for item, match in pairs if not is_blank(item)]
    options = {"left": [item for item, _match in left], "right": right}
    return "matching", {"options": options, "correct_answer": {item["id"]: match for item, match in left}}


def _map_essay(source: SourceQuestion, notes: Notes) -> Key:
    return "essay", {}


MAPPERS: dict[str, Callable[[SourceQuestion, Notes], Key]] = {
    "multiple_choice": _map_choice,
    "multiple_select": _map_choice,
    "true_false": _map_true_false,
    "short_answer": _map_short_answer,
    "numeric": _map_numeric,
    "matching": _map_matching,
    "essay": _map_essay,
}
