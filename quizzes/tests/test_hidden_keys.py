"""Neither ids nor the order of options reveal the key of a matching question."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts, editor, grading
from quizzes.models import Attempt, Mark, Question, QuestionVersion, compute_receipt, load_versions
from quizzes.tests.conftest import begin, make_quiz
from quizzes.visibility import get_visible_attempt
from tools.demo.quizzes import QuestionText

pytestmark = pytest.mark.quality("V08")

SIDES = ("left", "right")
PAIRS = 6
MATCHING: dict[str, Any] = {
    "question_type": "matching",
    "question_text": "Match.",
    "points": 6,
    "options": {side: [{"id": f"{side[0]}{n}", "text": f"{side} {n}"} for n in range(PAIRS)] for side in SIDES},
    "correct_answer": {f"l{n}": f"r{n}" for n in range(PAIRS)},
}


def migrate() -> None:
    import_module("quizzes.migrations.0004_random_option_ids").randomize_option_ids(apps, None)
    load_versions.cache_clear()


def right_texts(attempt: Attempt) -> list[str]:
    options = get_visible_attempt(attempt, is_teacher=False).questions[0].options
    return [one["text"] for one in options["right"]]


@pytest.mark.parametrize("shuffled", [True, False])
def test_the_right_side_is_ordered_by_the_attempt(
    shuffled: bool, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    quiz = make_quiz(alice, course, [MATCHING], shuffle_options=shuffled)
    orders = set()
    for seed in range(8):
        attempt = begin(bob, quiz)
        Attempt.objects.filter(pk=attempt.pk).update(seed=seed)
        attempt.refresh_from_db()
        orders.add(tuple(right_texts(attempt)))
        assert right_texts(attempt) == right_texts(attempt)
        attempts.submit_attempt(actor=bob, attempt=attempt)
    assert len(orders) > 1


def test_an_unshuffled_choice_question_keeps_the_order_of_its_author(
    alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    texts = ["one", "two", "three", "four", "five"]
    options = [{"text": text, "is_correct": text == "three"} for text in texts]
    question = {"question_type": "multiple_choice", "question_text": "Count.", "options": options}
    attempt = begin(bob, make_quiz(alice, course, [question]))
    shown = get_visible_attempt(attempt, is_teacher=False).questions[0].options
    assert [one["text"] for one in shown] == texts
    assert [sorted(one) for one in shown] == [["id", "text"]] * 5


def test_the_migration_replaces_ids_and_keeps_every_point(
    alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    essay = {"question_type": "essay", "question_text": "Write.", "points": 1}
    quiz = make_quiz(alice, course, [MATCHING, essay])
    question = quiz.questions.get(order=1)
    key, essay_key = str(question.pk), str(quiz.questions.get(order=2).pk)
    half = {f"l{n}": f"r{n if n < 3 else 8 - n}" for n in range(PAIRS)}  # four correct pairs of six
    done = begin(bob, quiz)
    attempts.submit_attempt(actor=bob, attempt=done, answers={key: half, essay_key: "l0"})
    running = begin(bob, quiz)
    attempts.save_answers(actor=bob, attempt=running, answers={key: {"l1": "r2"}, essay_key: "r1"}, seq=1)
    edited = [{"id": one["id"], "text": one["text"] + "!"} for one in MATCHING["options"]["left"]]
    editor.change_question(actor=alice, question=question, options={**MATCHING["options"], "left": edited})
    points = list(Mark.objects.order_by("pk").values_list("points", flat=True))

    migrate()

    for version in QuestionVersion.objects.filter(question=question):
        ids = {side: [one["id"] for one in version.options[side]] for side in SIDES}
        assert all(len(one) == 12 for side in SIDES for one in ids[side])
        assert version.correct_answer == dict(zip(ids["left"], ids["right"], strict=True))
    assert list(Mark.objects.order_by("pk").values_list("points", flat=True)) == points
    done.refresh_from_db()
    assert done.answers[essay_key] == "l0"
    assert done.versions[0].compute_points(done.answers[key]) == points[0]
    assert done.receipt == compute_receipt(done, done.load_journal())
    grading.regrade_quiz(actor=alice, quiz=quiz, reason="Texts edited")
    assert Mark.objects.filter(attempt=done, question_id=question.pk).latest("pk").points == points[0] == 4
    running = Attempt.objects.get(pk=running.pk)
    assert get_visible_attempt(running, is_teacher=False).answers[essay_key] == "r1"
    graded = attempts.submit_attempt(actor=bob, attempt=running)
    assert set(graded.answers[key]) <= set(running.versions[0].correct_answer)


def test_the_migration_keeps_other_ids_and_has_no_effect_twice(alice: User, course: Course) -> None:
    quiz = make_quiz(alice, course)
    before = {one.pk: (one.options, one.correct_answer) for one in QuestionVersion.objects.all()}
    migrate()
    once = {one.pk: (one.options, one.correct_answer) for one in QuestionVersion.objects.all()}
    migrate()
    twice = {one.pk: (one.options, one.correct_answer) for one in QuestionVersion.objects.all()}
    matching = Question.objects.get(quiz=quiz, current__question_type="matching").current_id
    assert {pk for pk in before if before[pk] != once[pk]} == {matching}
    assert once == twice


def test_option_ids_of_the_demo_are_random() -> None:
    text = QuestionText(type="matching", text="Match.", points=1, pairs=[["A", "1"], ["B", "2"]])
    assert {one["id"] for side in SIDES for one in text.key["options"][side]}.isdisjoint({"l0", "l1", "r0", "r1"})
