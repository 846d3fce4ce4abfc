"""The question types, one class each (docs/api-contract.md, "Quizzes": the shapes by type).

A type validates the key (`clean_key`) and answers (`clean_answer`), grades an answer with a share of the points from 0
to 1 (`grade`), and returns the options that students see (`options_for_student`). A new type needs a class here and a
template `templates/quizzes/types/<name>.html`. User input is never executed: no regular expressions, no code.
"""

import random
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from core.http.errors import DomainError
from core.text.characters import is_blank
from core.text.comparison import fold
from core.text.numbers import MAX_NUMBER, parse_number, write_number
from quizzes.option_ids import make_option_id, with_known_ids

MAX_SHORT_ANSWER = 500
MAX_ESSAY = 20_000
MAX_OPTION_TEXT = 500
MAX_OPTIONS = 30
MAX_INTEGER = Decimal(10) ** 15  # JavaScript has no larger exact integers
FULL_CREDIT, NO_CREDIT = Fraction(1), Fraction(0)


class QuestionError(DomainError):
    """The question is not valid for its type (400)."""

    status = 400


class AnswerError(DomainError):
    """The answer does not have the shape of its question type (400)."""

    status = 400


class QuestionContent(Protocol):
    """The attributes of a question version that a type reads."""

    options: Any
    correct_answer: Any
    accepted_answers: Any
    tolerance: Any


def _question_error(detail: str) -> QuestionError:
    return QuestionError("invalid_question", detail)


def _answer_error(detail: str) -> AnswerError:
    return AnswerError("invalid_answer", detail)


class QuestionType:
    """Base class of the question types. Instances are stateless; docs/api-contract.md defines the shapes."""

    name = ""
    label: str | Promise = ""
    has_options = False
    is_graded_by_hand = False

    def clean_key(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return the four fields of a key in their stored form. Raises QuestionError `invalid_question`."""
        raise NotImplementedError

    def clean_answer(self, question: QuestionContent, answer: Any) -> Any:
        """Return a student's answer in its stored form. Raises AnswerError `invalid_answer` for another shape."""
        raise NotImplementedError

    def with_known_ids(self, options: Any, before: Any) -> Any:
        """Return a client's options; those without an id get the id of the same text in the options `before`."""
        return options

    def drop_deleted_options(self, question: QuestionContent, answer: Any) -> Any:
        """Return an answer to an earlier version without the options that this version does not have."""
        return answer

    def grade(self, question: QuestionContent, answer: Any) -> Fraction | None:
        """Return the share of the points that a valid answer earns, 0 to 1; None if it is graded by hand."""
        raise NotImplementedError

    def options_for_student(self, question: QuestionContent, seed: str, *, shuffle: bool) -> Any:
        """Return the options without the key, in the author's order or shuffled with `seed`."""
        return []

    def read_form(self, data: QueryDict, name: str) -> Any:
        """Return the answer in a posted form; None if it is empty."""
        return data.get(name) or None

    def describe_answer(self, question: QuestionContent, answer: Any) -> list[str]:
        """Return an answer or a key for display, one line for each part."""
        return [] if answer in (None, "") else [str(answer)]


def _key_fields(
    *, options: Any = None, correct_answer: Any = None, accepted: Any = None, tolerance: Any = 0
) -> dict[str, Any]:
    return {
        "options": options or [],
        "correct_answer": correct_answer,
        "accepted_answers": accepted or [],
        "tolerance": tolerance,
    }


def _shuffled(items: Iterable[Any], seed: str) -> list[Any]:
    shuffled = list(items)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  # not used for security
    return shuffled


def _clean_choices(raw: Any, extra: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return the options with an id and a text each; new options get an id."""
    if not isinstance(raw, list) or not 2 <= len(raw) <= MAX_OPTIONS:
        raise _question_error(_("Enter between 2 and %d options.") % MAX_OPTIONS)
    choices = [_clean_choice(one, extra) for one in raw]
    if len({choice["id"] for choice in choices}) != len(choices):
        raise _question_error(_("The ids of the options must be unique."))
    seen: set[str] = set()
    for choice in choices:
        # Case and width are kept: in code and in formulas, they may be the difference that the question is about.
        text = " ".join(unicodedata.normalize("NFC", choice["text"]).split())
        if text in seen:
            raise _question_error(_("Two options have the same text: %s") % text[:80])
        seen.add(text)
    return choices


def _clean_choice(raw: Any, extra: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str) or is_blank(raw["text"]):
        raise _question_error(_("Each option needs a text."))
    given = raw.get("id", "")
    if not isinstance(given, str) or len(given) > 36 or len(raw["text"]) > MAX_OPTION_TEXT:
        raise _question_error(
            _("An option has an id of at most 36 characters and a text of at most %d.") % MAX_OPTION_TEXT
        )
    choice: dict[str, Any] = {"id": given or make_option_id(), "text": raw["text"].strip()}
    if "is_correct" in extra and isinstance(raw.get("is_correct"), bool):
        choice["is_correct"] = raw["is_correct"]
    if "feedback" in extra and isinstance(raw.get("feedback"), str) and raw["feedback"].strip():
        choice["feedback"] = raw["feedback"].strip()[:MAX_OPTION_TEXT]
    return choice


class _Choice(QuestionType):
    has_options = True

    def with_known_ids(self, options: Any, before: Any) -> Any:
        return with_known_ids(options, before)

    def _clean_options(self, options: Any, correct_ids: list[str] | None) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the options with `is_correct`, and the ids of the correct ones.

        The key is given as `correct_ids`, as `is_correct` of the options, or as both if they agree.
        """
        choices = _clean_choices(options, ("is_correct", "feedback"))
        flagged = [one["id"] for one in choices if one.get("is_correct")]
        has_flags = any("is_correct" in one for one in choices)
        correct = flagged if correct_ids is None else correct_ids
        if correct_ids is not None and (
            not set(correct_ids) <= {one["id"] for one in choices} or len(set(correct_ids)) != len(correct_ids)
        ):
            raise _question_error(_("The correct answer is not one of the options."))
        if correct_ids is not None and has_flags and set(flagged) != set(correct_ids):
            raise _question_error(_("`correct_answer` and `is_correct` of the options contradict each other."))
        cleaned = [{**one, "is_correct": one["id"] in correct} for one in choices]
        return cleaned, [one["id"] for one in cleaned if one["is_correct"]]

    def options_for_student(self, question: QuestionContent, seed: str, *, shuffle: bool) -> list[dict[str, str]]:
        options = [{"id": one["id"], "text": one["text"]} for one in question.options]
        return _shuffled(options, seed) if shuffle else options

    def describe_answer(self, question: QuestionContent, answer: Any) -> list[str]:
        chosen = answer if isinstance(answer, list) else [answer]
        return [one["text"] for one in question.options if one["id"] in chosen]


class MultipleChoice(_Choice):
    """One correct option. Full or no credit."""

    name = "multiple_choice"
    label = gettext_lazy("Multiple choice")

    def clean_key(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        if correct_answer not in (None, "") and not isinstance(correct_answer, str):
            raise _question_error(_("The correct answer must be the id of an option."))
        cleaned, correct = self._clean_options(options, [correct_answer] if correct_answer else None)
        if len(correct) != 1:
            raise _question_error(_("Mark exactly one option as correct."))
        return _key_fields(options=cleaned, correct_answer=correct[0])

    def clean_answer(self, question: QuestionContent, answer: Any) -> str:
        if not isinstance(answer, str) or answer not in {one["id"] for one in question.options}:
            raise _answer_error(_("Choose one of the options."))
        return answer

    def drop_deleted_options(self, question: QuestionContent, answer: Any) -> Any:
        return answer if answer in {one["id"] for one in question.options} else None

    def grade(self, question: QuestionContent, answer: Any) -> Fraction:
        return FULL_CREDIT if answer == question.correct_answer else NO_CREDIT


class MultipleSelect(_Choice):
    """Any number of correct options. Credit: (chosen correct - chosen wrong) / correct, at least 0."""

    name = "multiple_select"
    label = gettext_lazy("Multiple answers")

    def clean_key(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        if correct_answer is not None and not _is_texts(correct_answer):
            raise _question_error(_("The correct answer must be a list of option ids."))
        cleaned, correct = self._clean_options(options, correct_answer or None)
        if not correct:
            raise _question_error(_("Mark at least one option as correct."))
        return _key_fields(options=cleaned, correct_answer=correct)

    def clean_answer(self, question: QuestionContent, answer: Any) -> list[str]:
        """Return the chosen ids in the order of the options."""
        known = [one["id"] for one in question.options]
        if not _is_texts(answer) or not set(answer) <= set(known) or len(set(answer)) != len(answer):
            raise _answer_error(_("Choose from the options, each at most once."))
        return [one for one in known if one in answer]

    def drop_deleted_options(self, question: QuestionContent, answer: Any) -> Any:
        return [one["id"] for one in question.options if one["id"] in answer]

    def grade(self, question: QuestionContent, answer: Any) -> Fraction:
        key = set(question.correct_answer)
        correct, wrong = len(key & set(answer)), len(set(answer) - key)
        return Fraction(max(0, correct - wrong), len(key))

    def read_form(self, data: QueryDict, name: str) -> Any:
        return data.getlist(name) or None


class TrueFalse(QuestionType):
    """True or false. Full or no credit."""

    name = "true_false"
    label = gettext_lazy("True or false")

    def clean_key(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        key = str(correct_answer).lower() if isinstance(correct_answer, bool | str) else ""
        if key not in ("true", "false"):
            raise _question_error(_("Choose true or false as the correct answer."))
        return _key_fields(correct_answer=key)

    def clean_answer(self, question: QuestionContent, answer: Any) -> bool:
        """Return a boolean. The strings "true" and "false" are accepted, too."""
        if isinstance(answer, bool):
            return answer
        if answer in ("true", "false"):
            return bool(answer == "true")
        raise _answer_error(_("Answer true or false."))

    def grade(self, question: QuestionContent, answer: Any) -> Fraction:
        return FULL_CREDIT if answer == (question.correct_answer == "true") else NO_CREDIT

    def describe_answer(self, question: QuestionContent, answer: Any) -> list[str]:
        return [] if answer is None else [_("True") if answer in (True, "true") else _("False")]


class ShortAnswer(QuestionType):
    """A short text, compared after normalization. Full or no credit."""

    name = "short_answer"
    label = gettext_lazy("Short answer")

    def clean_key(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        accepted = [] if accepted_answers is None else accepted_answers
        if not _is_texts(accepted) or len(accepted) > MAX_OPTIONS:
            raise _question_error(_("Accepted answers must be a list of at most %d texts.") % MAX_OPTIONS)
        texts = [correct_answer, *accepted]
        if not isinstance(correct_answer, str) or not all(
            not is_blank(text) and len(text) <= MAX_SHORT_ANSWER for text in texts
        ):
            raise _question_error(_("Enter a correct answer of at most %d characters.") % MAX_SHORT_ANSWER)
        return _key_fields(correct_answer=correct_answer.strip(), accepted=[text.strip() for text in accepted])

    def clean_answer(self, question: QuestionContent, answer: Any) -> str:
        if not isinstance(answer, str) or len(answer) > MAX_SHORT_ANSWER:
            raise _answer_error(_("Answer in at most %d characters.") % MAX_SHORT_ANSWER)
        return answer

    def grade(self, question: QuestionContent, answer: Any) -> Fraction:
        correct = {fold(text) for text in [question.correct_answer, *question.accepted_answers]}
        return FULL_CREDIT if fold(answer) in correct else NO_CREDIT


class Numeric(QuestionType):
    """A number within a tolerance, inclusive. Full or no credit."""

    name = "numeric"
    label = gettext_lazy("Numeric")

    def clean_key(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        key, slack = _number(correct_answer), _number(0 if tolerance in (None, "") else tolerance)
        if key is None or slack is None or slack < 0:
            raise _question_error(_("Enter the correct number and a tolerance of 0 or more."))
        return _key_fields(correct_answer=_as_json(key), tolerance=_as_json(slack))

    def clean_answer(self, question: QuestionContent, answer: Any) -> int | float:
        number = _number(answer)
        if number is None:
            raise _answer_error(_("Answer with a number."))
        return _as_json(number)

    def grade(self, question: QuestionContent, answer: Any) -> Fraction:
        difference = abs(Decimal(str(answer)) - Decimal(str(question.correct_answer)))
        return FULL_CREDIT if difference <= Decimal(str(question.tolerance or 0)) else NO_CREDIT

    def read_form(self, data: QueryDict, name: str) -> Any:
        """Return the text as typed, or None."""
        return data.get(name, "").strip() or None

    def describe_answer(self, question: QuestionContent, answer: Any) -> list[str]:
        """Return the number in the notation of the active language."""
        return [] if answer in (None, "") else [write_number(answer, get_language())]


class Matching(QuestionType):
    """Pairs of a left and a right side. Each correct pair earns an equal share."""

    name = "matching"
    label = gettext_lazy("Matching")
    has_options = True

    def clean_key(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        if not isinstance(options, dict):
            raise _question_error(_("Enter a left and a right side."))
        left, right = _clean_choices(options.get("left")), _clean_choices(options.get("right"))
        if not isinstance(correct_answer, dict) or set(correct_answer) != {one["id"] for one in left}:
            raise _question_error(_("Choose a match for each item on the left."))
        partners = {one["id"] for one in right}
        if not all(isinstance(one, str) and one in partners for one in correct_answer.values()):
            raise _question_error(_("A match is not one of the items on the right."))
        return _key_fields(options={"left": left, "right": right}, correct_answer=correct_answer)

    def clean_answer(self, question: QuestionContent, answer: Any) -> dict[str, str]:
        """Return the pairs. Items on the left may be unmatched."""
        left = {one["id"] for one in question.options["left"]}
        right = {one["id"] for one in question.options["right"]}
        if not isinstance(answer, dict) or not set(answer) <= left:
            raise _answer_error(_("Match the items on the left with items on the right."))
        if not all(isinstance(one, str) and one in right for one in answer.values()):
            raise _answer_error(_("Match the items on the left with items on the right."))
        return answer

    def with_known_ids(self, options: Any, before: Any) -> Any:
        if not isinstance(options, dict):
            return options
        return {side: with_known_ids(options.get(side), before[side]) for side in ("left", "right")}

    def drop_deleted_options(self, question: QuestionContent, answer: Any) -> Any:
        left = {one["id"] for one in question.options["left"]}
        right = {one["id"] for one in question.options["right"]}
        return {one: partner for one, partner in answer.items() if one in left and partner in right}

    def grade(self, question: QuestionContent, answer: Any) -> Fraction:
        correct = sum(answer.get(left) == partner for left, partner in question.correct_answer.items())
        return Fraction(correct, len(question.correct_answer))

    def options_for_student(self, question: QuestionContent, seed: str, *, shuffle: bool) -> dict[str, Any]:
        """Return both sides. The right side is always shuffled, because authors enter the pairs in order."""
        return {
            "left": question.options["left"],
            "right": _shuffled(question.options["right"], seed),
        }

    def read_form(self, data: QueryDict, name: str) -> Any:
        prefix = f"{name}:"
        return {key.removeprefix(prefix): data[key] for key in data if key.startswith(prefix) and data[key]} or None

    def describe_answer(self, question: QuestionContent, answer: Any) -> list[str]:
        """Return "left: right" for each pair."""
        texts = {one["id"]: one["text"] for one in question.options["right"]}
        chosen = answer or {}
        return [f"{one['text']}: {texts[chosen[one['id']]]}" for one in question.options["left"] if one["id"] in chosen]


class Essay(QuestionType):
    """A text that the instructor grades."""

    name = "essay"
    label = gettext_lazy("Essay")
    is_graded_by_hand = True

    def clean_key(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        return _key_fields()

    def clean_answer(self, question: QuestionContent, answer: Any) -> str:
        if not isinstance(answer, str) or len(answer) > MAX_ESSAY:
            raise _answer_error(_("Answer in at most %d characters.") % MAX_ESSAY)
        return answer

    def grade(self, question: QuestionContent, answer: Any) -> None:
        """Return None: essays are graded by hand."""
        return


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _number(value: Any) -> Decimal | None:
    """Return a number, or a text in the notation of the active language, as a number; None for anything else."""
    if isinstance(value, str):
        return parse_number(value, get_language())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() and abs(number) <= MAX_NUMBER else None


def _as_json(number: Decimal) -> int | float:
    is_exact = number == number.to_integral_value() and abs(number) <= MAX_INTEGER
    return int(number) if is_exact else float(number)


TYPES: dict[str, QuestionType] = {
    one.name: one
    for one in (
        MultipleChoice(),
        TrueFalse(),
        ShortAnswer(),
        MultipleSelect(),
        Numeric(),
        Matching(),
        Essay(),
    )
}
CHOICES = [(name, one.label) for name, one in TYPES.items()]
