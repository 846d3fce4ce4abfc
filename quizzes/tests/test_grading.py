"""Grading: scores, policies, regrades, order of saves and partial credit."""

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from core.models import AuditEntry
from courses.models import Course
from enrollments.models import Enrollment, GradeEntry
from quizzes import attempts, editor, grading
from quizzes.models import AnswerEvent, Attempt, QuestionVersion, Quiz, fold_journal
from quizzes.question_types import TYPES
from quizzes.tests.conftest import QUESTIONS, RIGHT, WRONG, answers_for, begin, make_quiz
from tools.testing.module_data import rolled_back

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.quality("Q11")
@pytest.mark.parametrize(
    ("points", "passes"), [("69.99", False), ("70.00", True), ("70.01", True), ("0", False), ("100", True)]
)
def test_passing_is_decided_by_the_exact_points(points: str, passes: bool) -> None:
    quiz = Quiz(passing_score_percentage=70)
    assert quiz.is_passed_by(Decimal(points), Decimal(100)) is passes


@pytest.mark.quality("Q11")
def test_the_score_is_rounded_down_and_does_not_decide_about_passing(
    bob: User, alice: User, course: Course, enrollment: Any
) -> None:
    quiz = make_quiz(alice, course, [{**QUESTIONS[1], "points": 1}] * 3, passing_score_percentage=67)
    attempt = begin(bob, quiz)
    done = attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, [True, True, False]))
    assert (done.score, done.passed) == (66, False)


@pytest.mark.quality("Q11")
def test_a_quiz_of_zero_points_is_passed_with_100_percent(
    bob: User, alice: User, course: Course, enrollment: Any
) -> None:
    quiz = make_quiz(alice, course, [{**QUESTIONS[1], "points": 0}])
    done = attempts.submit_attempt(actor=bob, attempt=begin(bob, quiz))
    assert (done.score, done.passed, done.points_earned) == (100, True, 0)


@pytest.mark.quality("Q11")
@pytest.mark.parametrize(
    ("key", "answer", "right"),
    [
        ("Straße", "  STRASSE ", True),
        ("fi", "\ufb01", True),
        ("café", "cafe\u0301", True),
        (".*", "anything", False),
        (".*", ".*", True),
        ("__import__('os')", "__import__('os')", True),
        ("two words", "two  words", True),
        ("tea", "te a", False),
        ("tea", "", False),
    ],
)
def test_short_answers_are_normalized_and_never_executed(key: str, answer: str, right: bool) -> None:
    short = TYPES["short_answer"]
    question = SimpleNamespace(
        **short.clean_key(options=None, correct_answer=key, accepted_answers=None, tolerance=None)
    )
    assert short.grade(question, short.clean_answer(question, answer)) == (1 if right else 0)


def test_partial_credit_is_correct_minus_wrong(bob: User, attempt: Attempt) -> None:
    some = ["a", True, "no", ["x", "z"], 80.625, {"l1": "r1", "l2": "r1"}]
    done = attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, some))
    assert done.points_earned == Decimal("2") + 1 + 0 + 0 + 2 + 1


@pytest.mark.parametrize(("policy", "points"), [("best", 10), ("last", 2), ("first", 0), ("average", 4)])
def test_the_grade_is_computed_by_the_policy_of_the_quiz(
    policy: str, points: int, bob: User, alice: User, course: Course, enrollment: Enrollment
) -> None:
    quiz = make_quiz(alice, course, counts=policy)
    for answers in (WRONG, RIGHT, RIGHT[:1]):
        attempt = begin(bob, quiz)
        attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, answers))
    entry = GradeEntry.objects.filter(item=quiz.pk).first()
    assert entry is not None
    assert entry.points == points


@pytest.mark.quality("Q09")
def test_an_attempt_is_graded_by_the_versions_it_was_started_with(alice: User, bob: User, attempt: Attempt) -> None:
    answers = answers_for(attempt, RIGHT)
    first, second, *_rest = attempt.quiz.questions.order_by("order")
    editor.change_question(actor=alice, question=first, correct_answer="b", points=7)
    editor.delete_question(actor=alice, question=second)
    done = attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers)
    assert (done.score, done.points_possible) == (100, 10)


@pytest.mark.quality("Q09")
def test_a_regrade_after_a_changed_key_notifies_students_with_changed_scores(
    alice: User, bob: User, carol: User, course: Course, attempt: Attempt
) -> None:
    quiz = attempt.quiz
    carols = Enrollment.objects.create(user=carol, course=course)
    hers = begin(carol, quiz)
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, RIGHT))
    attempts.submit_attempt(actor=carol, attempt=hers, answers={})
    first = quiz.questions.order_by("order")[0]
    editor.change_question(actor=alice, question=first, correct_answer="b")
    preview = {one.attempt.pk: (one.before, one.after) for one in grading.preview_regrade(quiz)}
    assert preview == {attempt.pk: (Decimal(10), Decimal(8)), hers.pk: (Decimal(0), Decimal(0))}
    assert Attempt.objects.get(pk=attempt.pk).score == 100  # the preview does not change it
    grading.regrade_quiz(actor=alice, quiz=quiz, reason="the key was wrong")
    attempt.refresh_from_db()
    assert (attempt.score, attempt.points_earned) == (80, 8)
    assert GradeEntry.objects.filter(enrollment=attempt.enrollment).count() == 2
    assert AuditEntry.objects.filter(action="quizzes.regraded").count() == 1
    assert bob.notifications.filter(event="quiz_graded").count() == 1
    assert carol.notifications.filter(event="quiz_graded").count() == 0
    assert grading.regrade_quiz(actor=alice, quiz=quiz, reason="again") == []
    assert carols.grades.count() == 1


saves = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), min_size=1, max_size=10, unique=True).flatmap(
    lambda numbered: st.tuples(st.just(numbered), st.permutations(numbered), st.permutations(numbered))
)
VALUES = {0: ["a", "b"], 1: [True, False], 2: ["kanarienvogela", "no"], 3: [["x", "y"], ["z"]]}


@pytest.fixture
def short_quiz(alice: User, course: Course, enrollment: Enrollment) -> Quiz:
    """Alice's quiz with four questions and unlimited attempts."""
    return make_quiz(alice, course, QUESTIONS[:4])


@SLOW
@given(saves=saves)
def test_the_grade_is_independent_of_the_order_in_which_saves_arrive(saves: Any, bob: User, short_quiz: Quiz) -> None:
    _numbered, *orders = saves
    assert len({grade_after_saves(order, bob, short_quiz) for order in orders}) == 1


def grade_after_saves(order: list[tuple[int, int]], bob: User, quiz: Quiz) -> tuple[Decimal | None, str]:
    """Return the points and answers of an attempt for which Bob's saves arrive in this order."""
    with rolled_back():
        attempt = begin(bob, quiz)
        keys = list(attempt.version_ids)
        for place, seq in order:
            save = {keys[place]: VALUES[place][seq % 2]}
            try:
                attempts.save_answers(actor=bob, attempt=attempt, answers=save, seq=seq)
            except attempts.AttemptError as error:
                if error.code != "stale_answer":  # an answer with a larger number is saved
                    raise
        done = attempts.submit_attempt(actor=bob, attempt=attempt)
    return done.points_earned, json.dumps(done.answers, sort_keys=True)


@SLOW
@given(places=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12), cut=st.integers(0, 12))
def test_every_prefix_of_the_journal_gives_a_valid_state(
    places: list[tuple[int, bool]], cut: int, bob: User, quiz: Quiz
) -> None:
    with rolled_back():
        attempt = begin(bob, quiz)
        keys = list(attempt.version_ids)
        for place, is_right in places:
            answers = {keys[place]: (RIGHT if is_right else WRONG)[place]}
            attempts.save_answers(actor=bob, attempt=attempt, answers=answers)
        journal = list(AnswerEvent.objects.filter(attempt=attempt))
    assert [event.number for event in journal] == sorted({event.number for event in journal})
    state = {key: event.answer for key, event in fold_journal(journal[:cut]).items()}
    expected: dict[str, Any] = {}
    for place, is_right in places[:cut]:
        expected[keys[place]] = (RIGHT if is_right else WRONG)[place]
    assert state.keys() == expected.keys()
    for version in attempt.versions:
        answer = state.get(str(version.question_id))
        if answer is not None:
            assert version.type.clean_answer(version, answer) == answer
        assert Decimal(0) <= (version.compute_points(answer) or Decimal(0)) <= version.points


ids = st.sampled_from(["a", "b", "c", "d"])


@given(key=st.sets(ids, min_size=1), chosen=st.sets(ids), points=st.integers(0, 1000))
def test_partial_credit_of_choices_is_between_0_and_the_points(key: Any, chosen: Any, points: int) -> None:
    options = [{"id": one, "text": one} for one in "abcd"]
    kind = TYPES["multiple_select"]
    fields = kind.clean_key(options=options, correct_answer=sorted(key), accepted_answers=None, tolerance=None)
    version = QuestionVersion(question_type=kind.name, points=points, **fields)
    earned = version.compute_points(kind.clean_answer(version, sorted(chosen)))
    assert earned is not None
    assert 0 <= earned <= points
    assert (earned == points) is (chosen == key or points == 0)


@given(pairs=st.dictionaries(ids, ids), points=st.integers(0, 1000))
def test_partial_credit_of_pairs_is_between_0_and_the_points(pairs: dict[str, str], points: int) -> None:
    side = [{"id": one, "text": one} for one in "abcd"]
    kind = TYPES["matching"]
    key = {one: one for one in "abcd"}
    options = {"left": side, "right": side}
    fields = kind.clean_key(options=options, correct_answer=key, accepted_answers=None, tolerance=None)
    version = QuestionVersion(question_type=kind.name, points=points, **fields)
    earned = version.compute_points(kind.clean_answer(version, pairs))
    assert earned is not None
    assert 0 <= earned <= points
