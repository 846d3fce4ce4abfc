"""Option ids survive every edit, so that a regrade does not lose points."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts, editor, grading
from quizzes.models import Attempt, Question, QuestionVersion, Quiz
from quizzes.option_ids import assign_ids
from quizzes.question_types import TYPES, QuestionError
from quizzes.tests.conftest import begin, make_quiz

CHOICE = {
    "question_type": "multiple_choice",
    "question_text": "The capital of Germany?",
    "points": 4,
    "options": [{"text": "Berlni", "is_correct": True}, {"text": "Bonn"}, {"text": "Hamburg"}],
}
SELECT = {
    "question_type": "multiple_select",
    "question_text": "Which are in Germany?",
    "points": 4,
    "options": [{"text": "Berlni", "is_correct": True}, {"text": "Bonn", "is_correct": True}, {"text": "Paris"}],
}
MATCHING = {
    "question_type": "matching",
    "question_text": "Match capital and country.",
    "points": 4,
    "options": {
        "left": [{"id": f"l{place}", "text": text} for place, text in enumerate(("Berlni", "Paris", "Rome", "Bern"))],
        "right": [
            {"id": f"r{place}", "text": text}
            for place, text in enumerate(("Germnay", "France", "Italy", "Switzerland", "Spain"))
        ],
    },
    "correct_answer": {f"l{place}": f"r{place}" for place in range(4)},
}
BY_TYPE = {str(one["question_type"]): one for one in (CHOICE, SELECT, MATCHING)}


@pytest.fixture
def taken(alice: User, bob: User, course: Course, enrollment: Enrollment) -> Callable[..., Question]:
    """Return a function that creates a quiz of one question and answers it as Bob, by default correctly."""

    def take(question: dict[str, Any], answer: Any = None) -> Question:
        quiz = make_quiz(alice, course, [question])
        created = quiz.questions.select_related("current").get()
        given_answer = current(created).correct_answer if answer is None else answer
        attempts.submit_attempt(actor=bob, attempt=begin(bob, quiz), answers={str(created.pk): given_answer})
        return created

    return take


@pytest.fixture
def edit(browser_of: Callable[..., Client], alice: User) -> Callable[..., QuestionVersion]:
    """Return a function that submits a question's form with changed rows and returns the new version."""

    def send(question: Question, change: Callable[[list[dict[str, Any]]], Any]) -> QuestionVersion:
        browser, address = browser_of(alice), f"/teach/quizzes/{question.quiz_id}/questions/{question.pk}/"
        form = browser.get(address).context["form"]
        rows = [{field.name: field.value() or "" for field in row} for row in form.rows][: len(form.initial["rows"])]
        data = {name: form.initial[name] for name in ("question_text", "points", "explanation")}
        sent = change(rows) or rows
        for place, row in enumerate(sent):
            data |= {f"rows-{place}-{name}": "on" if value is True else value for name, value in row.items() if value}
        data |= {"rows-TOTAL_FORMS": str(max(12, len(sent))), "rows-INITIAL_FORMS": "0"}
        answer = browser.post(address, data)
        assert answer.status_code == 302, answer.context["form"].errors
        return current(question)

    return send


def current(question: Question) -> QuestionVersion:
    return question.versions.order_by("-number")[0]


def ids_of(version: QuestionVersion) -> dict[str, str]:
    """Return the ids of a version's options by their texts."""
    sides = {"only": version.options} if isinstance(version.options, list) else version.options
    return {one["text"]: one["id"] for side in sides.values() for one in side}


def points_after_regrade(alice: User, quiz: Quiz) -> Decimal | None:
    """Regrade, and return the points of the one attempt."""
    grading.regrade_quiz(actor=alice, quiz=quiz, reason="A text was corrected")
    return Attempt.objects.get(quiz=quiz).points_earned


def change_texts(**texts: str) -> Callable[[list[dict[str, Any]]], None]:
    """Return a function that replaces texts in the rows."""

    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row.update({name: texts.get(str(value), value) for name, value in row.items()})

    return change


@pytest.mark.parametrize("name", BY_TYPE)
def test_the_points_stay_when_a_text_is_edited_on_the_page(
    name: str, alice: User, taken: Callable[..., Question], edit: Callable[..., QuestionVersion]
) -> None:
    question = taken(BY_TYPE[name])
    before = ids_of(current(question))
    after = ids_of(edit(question, change_texts(Berlni="Berlin", Germnay="Germany")))
    assert "Berlin" in after
    assert list(after.values()) == list(before.values())
    assert points_after_regrade(alice, question.quiz) == 4


@pytest.mark.parametrize("with_ids", [True, False])
@pytest.mark.parametrize("name", ["multiple_choice", "multiple_select"])
def test_the_points_stay_when_a_text_is_edited_through_the_api(
    name: str, with_ids: bool, alice: User, taken: Callable[..., Question], api_of: Callable[..., Any]
) -> None:
    question = taken(BY_TYPE[name])
    before = current(question)
    options = [
        {**one, "text": "Munich" if one["text"] in ("Hamburg", "Paris") else one["text"]} for one in before.options
    ]
    if not with_ids:
        options = [{name: value for name, value in one.items() if name != "id"} for one in options]
    else:
        options[0]["text"] = "Berlin"
    address = f"/api/v1/quizzes/{question.quiz_id}/questions/{question.pk}"
    answer = api_of(alice).put(address, {"options": options}, format="json")
    assert answer.status_code == 200, answer.data
    assert ids_of(current(question))["Bonn"] == ids_of(before)["Bonn"]
    assert points_after_regrade(alice, question.quiz) == 4


def test_a_matching_question_sent_without_ids_keeps_the_ids_of_its_texts(
    alice: User, taken: Callable[..., Question]
) -> None:
    question = taken(MATCHING)
    left = [{"text": one["text"]} for one in reversed(MATCHING["options"]["left"])]  # type: ignore[index]  # a dict
    right = [*MATCHING["options"]["right"], {"id": "r9", "text": "Peru"}]  # type: ignore[index]  # a dict
    editor.change_question(actor=alice, question=question, options={"left": left, "right": right})
    assert [one["id"] for one in current(question).options["left"]] == ["l3", "l2", "l1", "l0"]
    assert points_after_regrade(alice, question.quiz) == 4


@pytest.mark.parametrize("deleted", range(4))
def test_deleting_a_matching_pair_keeps_the_points_of_the_other_pairs(
    deleted: int, alice: User, taken: Callable[..., Question], edit: Callable[..., QuestionVersion], browser_of: Any
) -> None:
    question = taken(MATCHING, {"l0": "r0", "l1": "r1", "l2": "r2", "l3": "r0"})

    def empty(rows: list[dict[str, Any]]) -> None:
        rows[deleted].update(left="", right="")  # the hidden ids are still sent

    assert len(edit(question, empty).correct_answer) == 3
    # Three of four pairs are correct. If a correct one is deleted, two of three remain; otherwise all three.
    assert points_after_regrade(alice, question.quiz) == (4 if deleted == 3 else Decimal("2.67"))
    assert browser_of(alice).get(f"/teach/quizzes/{question.quiz_id}/results/").status_code == 200


def test_deleting_an_option_keeps_the_points_of_the_other_options(
    alice: User, taken: Callable[..., Question], edit: Callable[..., QuestionVersion]
) -> None:
    question = taken(SELECT)
    edit(question, lambda rows: rows[1:])
    assert points_after_regrade(alice, question.quiz) == 4


@pytest.mark.parametrize("name", BY_TYPE)
def test_the_points_stay_when_rows_are_reordered(
    name: str, alice: User, taken: Callable[..., Question], edit: Callable[..., QuestionVersion]
) -> None:
    question = taken(BY_TYPE[name])
    before = ids_of(current(question))

    def retype_in_reverse(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        # The visible fields move; the hidden ids stay in their rows.
        hidden = [{name: value for name, value in row.items() if name.endswith("id")} for row in rows]
        return [{**row, **ids} for row, ids in zip(reversed(rows), hidden, strict=True)]

    assert ids_of(edit(question, retype_in_reverse)) == before
    assert ids_of(edit(question, lambda rows: rows[::-1])) == before
    assert points_after_regrade(alice, question.quiz) == 4


def test_exchanging_the_matches_of_two_pairs_changes_the_key(
    alice: User, taken: Callable[..., Question], edit: Callable[..., QuestionVersion]
) -> None:
    question = taken(MATCHING)
    edit(question, change_texts(France="Italy", Italy="France"))
    assert current(question).correct_answer == {"l0": "r0", "l1": "r2", "l2": "r1", "l3": "r3"}
    assert points_after_regrade(alice, question.quiz) == 2


def test_a_match_without_a_pair_survives_an_edit_on_the_page(
    taken: Callable[..., Question], edit: Callable[..., QuestionVersion]
) -> None:
    question = taken(MATCHING)
    assert edit(question, change_texts(Rome="Roma")).options["right"] == MATCHING["options"]["right"]  # type: ignore[index]  # a dict


def test_pairs_that_share_a_match_keep_it_when_its_text_is_edited(
    alice: User, taken: Callable[..., Question], edit: Callable[..., QuestionVersion]
) -> None:
    key = {"l0": "r0", "l1": "r0", "l2": "r2", "l3": "r2"}
    question = taken({**MATCHING, "correct_answer": key})
    assert edit(question, change_texts(Germnay="Germany")).correct_answer == key
    assert edit(question, lambda rows: rows[1].update(right="Norway")).correct_answer["l0"] == "r0"
    assert current(question).correct_answer["l1"] not in ("r0", "r1", "r2", "r3", "r4")


@pytest.mark.parametrize("name", BY_TYPE)
def test_a_new_row_never_gets_the_id_of_a_deleted_one(
    name: str, taken: Callable[..., Question], edit: Callable[..., QuestionVersion]
) -> None:
    question = taken(BY_TYPE[name])
    seen = set(ids_of(current(question)).values())
    new: dict[str, Any] = (
        {"text": "New", "is_correct": True} if name != "matching" else {"left": "New", "right": "Land"}
    )
    if name == "multiple_choice":
        new["is_correct"] = False
    edit(question, lambda rows: rows[:-1])
    added = set(ids_of(edit(question, lambda rows: [*rows, new])).values()) - seen
    assert len(added) == (2 if name == "matching" else 1)


def test_forged_and_repeated_ids_are_replaced(
    taken: Callable[..., Question], edit: Callable[..., QuestionVersion]
) -> None:
    question = taken(CHOICE)
    berlin, bonn, _hamburg = ids_of(current(question)).values()

    def forge(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows[1]["id"], rows[2]["id"] = berlin, "x" * 400
        return [*rows, {"text": "Kiel", "id": berlin}, {"text": "Jena", "id": "../../etc"}]

    after = ids_of(edit(question, forge))
    assert (after["Berlni"], after["Bonn"]) == (berlin, bonn)
    assert len(set(after.values())) == 5
    assert all(len(one) <= 36 and one.isalnum() for one in after.values())


def test_the_ids_survive_a_change_of_the_type_and_back(alice: User, taken: Callable[..., Question]) -> None:
    question = taken(CHOICE)
    before = ids_of(current(question))
    editor.change_question(actor=alice, question=question, question_type="essay")
    editor.change_question(actor=alice, question=question, **CHOICE)
    assert ids_of(current(question)) == before
    assert points_after_regrade(alice, question.quiz) == 4


rows_of = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c", "d", "forged"]), st.sampled_from("ABCDE")), max_size=8)


@given(rows=rows_of)
def test_rows_get_ids_that_are_unique_and_keep_those_of_unchanged_texts(rows: list[tuple[str, str]]) -> None:
    before = {"a": "A", "b": "B", "c": "C", "d": "D"}
    ids = assign_ids(rows, before)
    assert len(set(ids)) == len(rows)
    assert "forged" not in ids
    for text in {text for _own, text in rows} & set(before.values()):
        assert text.lower() in [one for one, (_own, typed) in zip(ids, rows, strict=True) if typed == text]


@given(edits=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["edit", "delete", "add", "move"])), max_size=12))
def test_an_option_keeps_its_id_through_any_sequence_of_edits(edits: list[tuple[int, str]]) -> None:
    known = dict(zip(assign_ids([("", f"text {place}") for place in range(3)], {}), range(3), strict=True))
    texts = {one: f"text {place}" for one, place in known.items()}
    for step, (place, act) in enumerate(edits):
        rows = list(texts.items())
        at = place % len(rows) if rows else 0
        if act == "add":
            rows.append(("", f"added {step}"))
        elif rows and act == "edit":
            rows[at] = (rows[at][0], f"edited {step}")
        elif rows:
            row = rows.pop(at)
            rows = [*rows, row] if act == "move" else rows
        ids = assign_ids(rows, texts)
        assert all(new == own for new, (own, _text) in zip(ids, rows, strict=True) if own)
        assert not {new for new, (own, _text) in zip(ids, rows, strict=True) if not own} & known.keys()
        texts = {new: text for new, (_own, text) in zip(ids, rows, strict=True)}
        known |= dict.fromkeys(texts, step)


def clean_options(question_type: str, *texts: str) -> None:
    """Check a question with these texts, of which the first is correct."""
    options: Any = [{"text": text, "is_correct": place == 0} for place, text in enumerate(texts)]
    key: Any = None
    if question_type == "matching":
        right = [{"id": f"r{place}", "text": text} for place, text in enumerate(texts)]
        options, key = (
            {"left": [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}], "right": right},
            {"a": "r0", "b": "r1"},
        )
    TYPES[question_type].clean_key(options=options, correct_answer=key, accepted_answers=None, tolerance=0)


@pytest.mark.parametrize("question_type", ["multiple_choice", "multiple_select", "matching"])
@pytest.mark.parametrize("again", ["Bönn", "  Bo\u0308nn "])
def test_two_options_with_the_same_text_are_refused(question_type: str, again: str) -> None:
    clean_options(question_type, "Bönn", "bönn", "Bonn")
    with pytest.raises(QuestionError, match="same text: Bönn"):
        clean_options(question_type, "Bönn", "Bonn", again)
