"""The types of questions, each a small class in one registry (API.md, "Quizzes": the shapes by type).

A type says what an author may write (`clean`), what a student may answer (`check`), how an answer is marked (`grade`, a
share from 0 to 1), and what of a question a student sees (`shown_options`). Adding one touches this file and its
template, `templates/quizzes/types/<name>.html`. Nothing here runs what somebody wrote: no regular expressions, no code.
"""

import random
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Protocol

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lms.lib.errors import DomainError
from quizzes.option_ids import new_id, with_known_ids

LONGEST_SHORT = 500
LONGEST_ESSAY = 20_000
LONGEST_OPTION = 500
MOST_OPTIONS = 30
LARGEST_NUMBER = Decimal(10) ** 15
FULL, NONE = Fraction(1), Fraction(0)


class QuestionError(DomainError):
    """The question is not one of its type (400)."""

    status = 400


class AnswerError(DomainError):
    """The answer has not the shape of its question's type (400)."""

    status = 400


class Written(Protocol):
    """What a type reads of a question's version."""

    options: Any
    correct_answer: Any
    accepted_answers: Any
    tolerance: Any


def folded(text: str) -> str:
    """Return a text as short answers are compared: NFKC, case-folded, trimmed, runs of white space as one."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def _refuse(detail: str) -> QuestionError:
    return QuestionError("invalid_question", detail)


def _wrong_shape(detail: str) -> AnswerError:
    return AnswerError("invalid_answer", detail)


class QuestionType:
    """One type. Stateless; the shapes are API.md's."""

    name = ""
    label: str | Promise = ""
    has_options = False
    is_marked_by_hand = False

    def clean(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return the four fields of a key as they are stored; raise QuestionError."""
        raise NotImplementedError

    def check(self, question: Written, answer: Any) -> Any:
        """Return a student's answer as it is stored; raise AnswerError for any other shape."""
        raise NotImplementedError

    def with_known_ids(self, options: Any, before: Any) -> Any:
        """Return a client's options, those without an id given the id of the same text in an earlier version's."""
        return options

    def remaining(self, question: Written, answer: Any) -> Any:
        """Return what is left of an answer to an earlier version once the options that are gone are taken out."""
        return answer

    def grade(self, question: Written, answer: Any) -> Fraction | None:
        """Return the share of the points that a checked answer earns, 0 to 1; None where a person decides."""
        raise NotImplementedError

    def shown_options(self, question: Written, seed: str | None) -> Any:
        """Return what students see of the options: never a key. Shuffled by `seed`, unless that is None."""
        return []

    def from_form(self, data: QueryDict, name: str) -> Any:
        """Return the answer in a posted form; None where the student gave none."""
        return data.get(name) or None

    def in_words(self, question: Written, answer: Any) -> list[str]:
        """Return an answer (or a key) as people read it, one line for each part."""
        return [] if answer in (None, "") else [str(answer)]


def _plain(
    *, options: Any = None, correct_answer: Any = None, accepted: Any = None, tolerance: Any = 0
) -> dict[str, Any]:
    return {
        "options": options or [],
        "correct_answer": correct_answer,
        "accepted_answers": accepted or [],
        "tolerance": tolerance,
    }


def _shuffled(items: Iterable[Any], seed: str | None) -> list[Any]:
    mixed = list(items)
    if seed is not None:
        random.Random(seed).shuffle(mixed)  # noqa: S311  # an order, no secret
    return mixed


def _clean_choices(raw: Any, extra: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return options with an id and a text each; ids are made where there are none."""
    if not isinstance(raw, list) or not 2 <= len(raw) <= MOST_OPTIONS:
        raise _refuse(_("Give between 2 and %d options.") % MOST_OPTIONS)
    choices = [_clean_choice(one, extra) for one in raw]
    if len({choice["id"] for choice in choices}) != len(choices):
        raise _refuse(_("Each option needs an id of its own."))
    return choices


def _clean_choice(raw: Any, extra: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str) or not raw["text"].strip():
        raise _refuse(_("Each option needs a text."))
    given = raw.get("id", "")
    if not isinstance(given, str) or len(given) > 36 or len(raw["text"]) > LONGEST_OPTION:
        raise _refuse(_("An option's id has at most 36 characters, its text %d.") % LONGEST_OPTION)
    choice: dict[str, Any] = {"id": given or new_id(), "text": raw["text"].strip()}
    if "is_correct" in extra and isinstance(raw.get("is_correct"), bool):
        choice["is_correct"] = raw["is_correct"]
    if "feedback" in extra and isinstance(raw.get("feedback"), str) and raw["feedback"].strip():
        choice["feedback"] = raw["feedback"].strip()[:LONGEST_OPTION]
    return choice


class _Choice(QuestionType):
    has_options = True

    def with_known_ids(self, options: Any, before: Any) -> Any:
        """Match the options by their text."""
        return with_known_ids(options, before)

    def _keyed(self, options: Any, wanted: list[str] | None) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the options with `is_correct` on each, and the ids of the right ones; both sources must agree."""
        choices = _clean_choices(options, ("is_correct", "feedback"))
        flagged = [one["id"] for one in choices if one.get("is_correct")]
        has_flags = any("is_correct" in one for one in choices)
        right = flagged if wanted is None else wanted
        if wanted is not None and (
            not set(wanted) <= {one["id"] for one in choices} or len(set(wanted)) != len(wanted)
        ):
            raise _refuse(_("The right answer is not one of the options."))
        if wanted is not None and has_flags and set(flagged) != set(wanted):
            raise _refuse(_("The right answer and the options' marks do not agree."))
        keyed = [{**one, "is_correct": one["id"] in right} for one in choices]
        return keyed, [one["id"] for one in keyed if one["is_correct"]]

    def shown_options(self, question: Written, seed: str | None) -> list[dict[str, str]]:
        """Return id and text of each option."""
        return _shuffled(({"id": one["id"], "text": one["text"]} for one in question.options), seed)

    def in_words(self, question: Written, answer: Any) -> list[str]:
        """Return the texts of the chosen options."""
        chosen = answer if isinstance(answer, list) else [answer]
        return [one["text"] for one in question.options if one["id"] in chosen]


class MultipleChoice(_Choice):
    """One of several."""

    name = "multiple_choice"
    label = gettext_lazy("Multiple choice: one is right")

    def clean(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return options with one right one."""
        if correct_answer not in (None, "") and not isinstance(correct_answer, str):
            raise _refuse(_("The right answer is an option's id."))
        keyed, right = self._keyed(options, [correct_answer] if correct_answer else None)
        if len(right) != 1:
            raise _refuse(_("Mark exactly one option as right."))
        return _plain(options=keyed, correct_answer=right[0])

    def check(self, question: Written, answer: Any) -> str:
        """Return the chosen option's id."""
        if not isinstance(answer, str) or answer not in {one["id"] for one in question.options}:
            raise _wrong_shape(_("Choose one of the options."))
        return answer

    def remaining(self, question: Written, answer: Any) -> Any:
        """Return the chosen id; None where that option is gone."""
        return answer if answer in {one["id"] for one in question.options} else None

    def grade(self, question: Written, answer: Any) -> Fraction:
        """All or nothing."""
        return FULL if answer == question.correct_answer else NONE


class MultipleSelect(_Choice):
    """Any number of several; right minus wrong, not below 0, over the number right."""

    name = "multiple_select"
    label = gettext_lazy("Multiple select: several are right")

    def clean(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return options with at least one right one."""
        if correct_answer is not None and not _is_texts(correct_answer):
            raise _refuse(_("The right answer is a list of options' ids."))
        keyed, right = self._keyed(options, correct_answer or None)
        if not right:
            raise _refuse(_("Mark at least one option as right."))
        return _plain(options=keyed, correct_answer=right)

    def check(self, question: Written, answer: Any) -> list[str]:
        """Return the chosen ids, in the options' own order."""
        known = [one["id"] for one in question.options]
        if not _is_texts(answer) or not set(answer) <= set(known) or len(set(answer)) != len(answer):
            raise _wrong_shape(_("Choose from the options, each once."))
        return [one for one in known if one in answer]

    def remaining(self, question: Written, answer: Any) -> Any:
        """Return the chosen ids that are still among the options."""
        return [one["id"] for one in question.options if one["id"] in answer]

    def grade(self, question: Written, answer: Any) -> Fraction:
        """Return right minus wrong over the number right, not below 0."""
        key = set(question.correct_answer)
        right, wrong = len(key & set(answer)), len(set(answer) - key)
        return Fraction(max(0, right - wrong), len(key))

    def from_form(self, data: QueryDict, name: str) -> Any:
        """Return the ticked ids."""
        return data.getlist(name) or None


class TrueFalse(QuestionType):
    """True or false."""

    name = "true_false"
    label = gettext_lazy("True or false")

    def clean(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return the key, "true" or "false"."""
        key = str(correct_answer).lower() if isinstance(correct_answer, bool | str) else ""
        if key not in ("true", "false"):
            raise _refuse(_("Say whether it is true or false."))
        return _plain(correct_answer=key)

    def check(self, question: Written, answer: Any) -> bool:
        """Return the answer; the words "true" and "false" are taken, too."""
        if isinstance(answer, bool):
            return answer
        if answer in ("true", "false"):
            return bool(answer == "true")
        raise _wrong_shape(_("Answer true or false."))

    def grade(self, question: Written, answer: Any) -> Fraction:
        """All or nothing."""
        return FULL if answer == (question.correct_answer == "true") else NONE

    def in_words(self, question: Written, answer: Any) -> list[str]:
        """Return "True" or "False"."""
        return [] if answer is None else [_("True") if answer in (True, "true") else _("False")]


class ShortAnswer(QuestionType):
    """A word or two, compared trimmed, case-folded and in NFKC."""

    name = "short_answer"
    label = gettext_lazy("Short answer")

    def clean(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return the right answer and the others that are accepted."""
        accepted = [] if accepted_answers is None else accepted_answers
        if not _is_texts(accepted) or len(accepted) > MOST_OPTIONS:
            raise _refuse(_("Accepted answers are a list of up to %d texts.") % MOST_OPTIONS)
        texts = [correct_answer, *accepted]
        if not isinstance(correct_answer, str) or not all(
            folded(text) and len(text) <= LONGEST_SHORT for text in texts
        ):
            raise _refuse(_("Give the right answer in at most %d characters.") % LONGEST_SHORT)
        return _plain(correct_answer=correct_answer.strip(), accepted=[text.strip() for text in accepted])

    def check(self, question: Written, answer: Any) -> str:
        """Return the text."""
        if not isinstance(answer, str) or len(answer) > LONGEST_SHORT:
            raise _wrong_shape(_("Answer in at most %d characters.") % LONGEST_SHORT)
        return answer

    def grade(self, question: Written, answer: Any) -> Fraction:
        """All or nothing."""
        right = {folded(text) for text in [question.correct_answer, *question.accepted_answers]}
        return FULL if folded(answer) in right else NONE


class Numeric(QuestionType):
    """A number, right within a tolerance."""

    name = "numeric"
    label = gettext_lazy("Number")

    def clean(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return the number and its tolerance."""
        key, slack = _number(correct_answer), _number(0 if tolerance in (None, "") else tolerance)
        if key is None or slack is None or slack < 0:
            raise _refuse(_("Give the right number, and a tolerance of 0 or more."))
        return _plain(correct_answer=_as_json(key), tolerance=_as_json(slack))

    def check(self, question: Written, answer: Any) -> int | float:
        """Return the number."""
        number = None if isinstance(answer, str) else _number(answer)
        if number is None:
            raise _wrong_shape(_("Answer with a number."))
        return _as_json(number)

    def grade(self, question: Written, answer: Any) -> Fraction:
        """All or nothing; exactly at the tolerance is right."""
        off = abs(Decimal(str(answer)) - Decimal(str(question.correct_answer)))
        return FULL if off <= Decimal(str(question.tolerance or 0)) else NONE

    def from_form(self, data: QueryDict, name: str) -> Any:
        """Return the number that was typed, with a point or a comma."""
        typed = data.get(name, "").strip()
        if not typed:
            return None
        number = _number(typed.replace(",", "."))
        return typed if number is None else _as_json(number)


class Matching(QuestionType):
    """Pairs; each right one earns its part."""

    name = "matching"
    label = gettext_lazy("Matching pairs")
    has_options = True

    def clean(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return both sides and the pairs."""
        if not isinstance(options, dict):
            raise _refuse(_("Give a left and a right side."))
        left, right = _clean_choices(options.get("left")), _clean_choices(options.get("right"))
        if not isinstance(correct_answer, dict) or set(correct_answer) != {one["id"] for one in left}:
            raise _refuse(_("Give each on the left its partner."))
        partners = {one["id"] for one in right}
        if not all(isinstance(one, str) and one in partners for one in correct_answer.values()):
            raise _refuse(_("A partner is not on the right side."))
        return _plain(options={"left": left, "right": right}, correct_answer=correct_answer)

    def check(self, question: Written, answer: Any) -> dict[str, str]:
        """Return the pairs; not every left one need have one yet."""
        left = {one["id"] for one in question.options["left"]}
        right = {one["id"] for one in question.options["right"]}
        if not isinstance(answer, dict) or not set(answer) <= left:
            raise _wrong_shape(_("Match what stands on the left with what stands on the right."))
        if not all(isinstance(one, str) and one in right for one in answer.values()):
            raise _wrong_shape(_("Match what stands on the left with what stands on the right."))
        return answer

    def with_known_ids(self, options: Any, before: Any) -> Any:
        """Match each side by its texts."""
        if not isinstance(options, dict):
            return options
        return {side: with_known_ids(options.get(side), before[side]) for side in ("left", "right")}

    def remaining(self, question: Written, answer: Any) -> Any:
        """Return the pairs of which both sides are still there."""
        left = {one["id"] for one in question.options["left"]}
        right = {one["id"] for one in question.options["right"]}
        return {one: partner for one, partner in answer.items() if one in left and partner in right}

    def grade(self, question: Written, answer: Any) -> Fraction:
        """Return the share of right pairs."""
        right = sum(answer.get(left) == partner for left, partner in question.correct_answer.items())
        return Fraction(right, len(question.correct_answer))

    def shown_options(self, question: Written, seed: str | None) -> dict[str, Any]:
        """Return both sides; the right one is always mixed, since authors write pairs in order."""
        return {
            "left": question.options["left"],
            "right": _shuffled(question.options["right"], seed or "right"),
        }

    def from_form(self, data: QueryDict, name: str) -> Any:
        """Return the chosen pairs."""
        prefix = f"{name}:"
        return {key.removeprefix(prefix): data[key] for key in data if key.startswith(prefix) and data[key]} or None

    def in_words(self, question: Written, answer: Any) -> list[str]:
        """Return "left: right" for each pair."""
        texts = {one["id"]: one["text"] for one in question.options["right"]}
        chosen = answer or {}
        return [f"{one['text']}: {texts[chosen[one['id']]]}" for one in question.options["left"] if one["id"] in chosen]


class Essay(QuestionType):
    """A text that a person reads and marks."""

    name = "essay"
    label = gettext_lazy("Essay, marked by hand")
    is_marked_by_hand = True

    def clean(self, *, options: Any, correct_answer: Any, accepted_answers: Any, tolerance: Any) -> dict[str, Any]:
        """Return no key: there is none."""
        return _plain()

    def check(self, question: Written, answer: Any) -> str:
        """Return the text."""
        if not isinstance(answer, str) or len(answer) > LONGEST_ESSAY:
            raise _wrong_shape(_("Answer in at most %d characters.") % LONGEST_ESSAY)
        return answer

    def grade(self, question: Written, answer: Any) -> None:
        """Return None: the instructor marks it."""
        return


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _number(value: Any) -> Decimal | None:
    """Return a finite number of sane size; None for anything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal) or len(str(value)) > 40:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) <= LARGEST_NUMBER else None


def _as_json(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


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
