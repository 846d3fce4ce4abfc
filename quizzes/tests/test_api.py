"""Quizzes over the API: who gets what, in which shape, and with which code."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from enrollments.deadlines import grant_extension
from enrollments.models import Enrollment, GradeEntry
from lms.testing.plugin import make_course
from quizzes import authoring
from quizzes.models import AnswerEvent, Attempt, Mark, Quiz
from quizzes.tests.conftest import ESSAY, QUESTIONS, RIGHT, WRONG, answers_for, begin, make_quiz

API = "/api/v1/quizzes/"


def of(quiz: Quiz, tail: str = "") -> str:
    return f"{API}{quiz.pk}{tail}"


def at(attempt: Attempt, tail: str = "") -> str:
    return f"{API}{attempt.quiz_id}/attempts/{attempt.pk}{tail}"


def code(response: Any) -> str:
    return response.json()["errors"][0]["code"]


def test_an_instructor_writes_a_quiz_with_every_type_and_publishes_it(
    api_of: Callable[..., APIClient], alice: User, course: Course
) -> None:
    client = api_of(alice)
    made = client.post(API, {"course_id": str(course.pk), "title": "Leaves", "max_attempts": 2}, format="json")
    assert made.status_code == 201, made.content
    quiz_id = made.json()["id"]
    refused = client.put(f"{API}{quiz_id}", {"is_published": True}, format="json")
    assert (refused.status_code, code(refused)) == (409, "nothing_to_publish")
    for question in [*QUESTIONS, ESSAY]:
        added = client.post(f"{API}{quiz_id}/questions/", question, format="json")
        assert added.status_code == 201, added.content
    assert added.json()["quiz_id"] == quiz_id
    published = client.put(f"{API}{quiz_id}", {"is_published": True}, format="json")
    assert (published.status_code, published.json()["is_published"]) == (200, True)
    assert published.json()["questions_count"] == 7
    assert published.json()["points_possible"] == "14.00"
    listed = client.get(f"{API}{quiz_id}/questions/").json()["results"]
    assert [one["question_type"] for one in listed] == [one["question_type"] for one in [*QUESTIONS, ESSAY]]
    assert listed[0]["correct_answer"] == "a"


@pytest.mark.parametrize(
    "wrong",
    [
        {"correct_answer": "nowhere"},
        {"options": [{"text": "one"}]},
        {"options": "text"},
        {"options": [{"id": "a", "text": "A", "is_correct": False}, {"id": "b", "text": "B", "is_correct": True}]},
        {"question_type": "essay2"},
        {"points": -1},
        {"question_text": "   "},
        {"correct_answer": None},
    ],
)
def test_a_question_whose_key_does_not_fit_is_400(
    wrong: dict[str, Any], api_of: Callable[..., APIClient], alice: User, quiz: Quiz
) -> None:
    answer = api_of(alice).post(of(quiz, "/questions/"), {**QUESTIONS[0], **wrong}, format="json")
    assert answer.status_code == 400, answer.content
    assert quiz.questions.count() == len(QUESTIONS)


def test_a_student_starts_saves_and_submits(api_of: Callable[..., APIClient], bob: User, quiz: Quiz) -> None:
    client = api_of(bob)
    started = client.post(of(quiz, "/attempts"))
    assert started.status_code == 201
    body = started.json()
    assert {"id", "started_at", "expires_at", "questions"} <= body.keys()
    assert [question["order"] for question in body["questions"]] == [1, 2, 3, 4, 5, 6]
    attempt = Attempt.objects.get()
    again = client.post(of(quiz, "/attempts/"))
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    for key, value in answers_for(attempt, RIGHT).items():
        saved = client.put(at(attempt, "/answers"), {"answers": {key: value}, "seq": 1}, format="json")
        assert saved.status_code == 200, saved.content
    done = client.post(at(attempt, "/submit"), {}, format="json")
    assert done.status_code == 200
    assert (done.json()["score"], done.json()["points_earned"], done.json()["passed"]) == (100, "10.00", True)
    assert len(done.json()["receipt"]) == 64
    assert GradeEntry.objects.get().points == 10
    refused = client.post(of(quiz, "/attempts"))
    assert (refused.status_code, code(refused)) == (409, "no_attempts_left")
    closed = client.put(at(attempt, "/answers"), {"answers": {}}, format="json")
    assert (closed.status_code, code(closed)) == (409, "attempt_closed")
    assert client.get(of(quiz)).json()["my_attempts_left"] == 0


@pytest.mark.quality("Q03")
def test_a_second_submission_changes_nothing(api_of: Callable[..., APIClient], bob: User, attempt: Attempt) -> None:
    client = api_of(bob)
    first = client.post(at(attempt, "/submit"), {"answers": answers_for(attempt, WRONG)}, format="json")
    second = client.post(at(attempt, "/submit"), {"answers": answers_for(attempt, RIGHT)}, format="json")
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert Attempt.objects.get().score == 0
    assert Mark.objects.count() == len(QUESTIONS)
    assert GradeEntry.objects.count() == 1


@pytest.mark.quality("Q03")
def test_submitting_and_starting_honour_the_idempotency_key(
    api_of: Callable[..., APIClient], bob: User, quiz: Quiz
) -> None:
    client = api_of(bob)
    first = client.post(of(quiz, "/attempts"), headers={"Idempotency-Key": "start"})
    again = client.post(of(quiz, "/attempts"), headers={"Idempotency-Key": "start"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Attempt.objects.count() == 1
    address = at(Attempt.objects.get(), "/submit")
    done = client.post(address, {}, format="json", headers={"Idempotency-Key": "end"})
    repeat = client.post(address, {}, format="json", headers={"Idempotency-Key": "end"})
    assert repeat["Idempotent-Replay"] == "true"
    assert repeat.json() == done.json()


@pytest.mark.quality("Q04")
def test_nobody_reaches_anothers_attempt_or_one_through_another_quiz(
    api_of: Callable[..., APIClient], bob: User, carol: User, alice: User, erin: User, course: Course, attempt: Attempt
) -> None:
    other = make_quiz(alice, course, title="Other")
    enrollments.enroll(actor=carol, user=carol, course=course)
    for person in (carol, erin):
        client = api_of(person)
        assert client.get(at(attempt)).status_code == 404
        assert client.put(at(attempt, "/answers"), {"answers": {}}, format="json").status_code == 404
        assert client.post(at(attempt, "/submit"), {}, format="json").status_code == 404
    teacher = api_of(alice)
    assert teacher.put(at(attempt, "/answers"), {"answers": {}}, format="json").status_code == 403
    assert teacher.post(at(attempt, "/submit"), {}, format="json").status_code == 403
    assert api_of(bob).get(f"{API}{other.pk}/attempts/{attempt.pk}").status_code == 404
    assert api_of(bob).get(f"{API}nonsense/attempts/{attempt.pk}").status_code == 404
    assert Attempt.objects.get().submitted_at is None


@pytest.mark.quality("Q04")
def test_what_a_client_says_about_score_and_time_is_ignored(
    api_of: Callable[..., APIClient], bob: User, carol: User, attempt: Attempt
) -> None:
    lies = {"score": 100, "passed": True, "user_id": str(carol.pk), "started_at": "2000-01-01T00:00:00Z", "answers": {}}
    done = api_of(bob).post(at(attempt, "/submit"), lies, format="json").json()
    assert (done["score"], done["passed"], done["user_id"]) == (0, False, str(bob.pk))
    assert Attempt.objects.get().started_at == attempt.started_at


@pytest.mark.quality("Q04")
@pytest.mark.parametrize("how", ["unenrolled", "unpublished"])
def test_who_lost_the_course_or_the_quiz_gets_404(
    how: str, api_of: Callable[..., APIClient], alice: User, bob: User, enrollment: Enrollment, attempt: Attempt
) -> None:
    if how == "unenrolled":
        enrollments.revoke(actor=alice, enrollment=enrollment, reason="left")
    else:
        authoring.set_published(actor=alice, quiz=attempt.quiz, published=False)
    client = api_of(bob)
    assert client.get(of(attempt.quiz)).status_code == 404
    assert client.post(of(attempt.quiz, "/attempts")).status_code == 404
    assert client.put(at(attempt, "/answers"), {"answers": {}}, format="json").status_code == 404


@pytest.mark.quality("C01")
def test_a_stranger_finds_no_quiz(api_of: Callable[..., APIClient], carol: User, quiz: Quiz) -> None:
    client = api_of(carol)
    assert client.get(API).json()["results"] == []
    assert client.get(of(quiz)).status_code == 404
    assert client.post(of(quiz, "/attempts")).status_code == 404
    assert client.get(of(quiz, "/attempts/")).status_code == 404


@pytest.mark.quality("Q05")
@pytest.mark.parametrize(
    ("seconds", "status", "score"), [(59, 200, 100), (89, 200, 100), (91, 409, 20), (1200, 409, 20)]
)
def test_the_servers_clock_alone_decides_what_is_in_time(
    seconds: int, status: int, score: int, api_of: Callable[..., APIClient], alice: User, bob: User, quiz: Quiz
) -> None:
    quiz = authoring.update_quiz(actor=alice, quiz=quiz, time_limit_minutes=1)
    start = timezone.now()
    attempt = begin(bob, quiz)
    client = api_of(bob)
    right = answers_for(attempt, RIGHT)
    first = next(iter(right))
    assert client.put(at(attempt, "/answers"), {"answers": {first: "a"}}, format="json").status_code == 200
    with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
        client = api_of(bob)  # the token's own time is over, too
        saved = client.put(at(attempt, "/answers"), {"answers": right}, format="json")
        done = client.post(at(attempt, "/submit"), {"answers": right}, format="json")
    assert saved.status_code == status
    assert done.status_code == 200
    assert done.json()["score"] == score
    assert done.json()["by_clock"] is (status == 409)


@pytest.mark.quality("Q05")
def test_a_late_submission_keeps_what_was_saved_in_time(
    api_of: Callable[..., APIClient], bob: User, attempt: Attempt
) -> None:
    right = answers_for(attempt, RIGHT)
    client = api_of(bob)
    client.put(at(attempt, "/answers"), {"answers": dict(list(right.items())[:1])}, format="json")
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        done = api_of(bob).post(at(attempt, "/submit"), {"answers": right}, format="json").json()
    assert (done["score"], len(done["answers"])) == (20, 1)


@pytest.mark.quality("Q05")
def test_a_save_tells_of_an_extension(
    api_of: Callable[..., APIClient], alice: User, bob: User, attempt: Attempt
) -> None:
    client = api_of(bob)
    key = attempt.layout[0][0]
    promised = client.put(at(attempt, "/answers"), {"answers": {key: "a"}}, format="json").json()["expires_at"]
    grant_extension(actor=alice, item=attempt.quiz, enrollment=attempt.enrollment, extra_minutes=15)
    told = client.put(at(attempt, "/answers"), {"answers": {key: "b"}}, format="json").json()["expires_at"]
    assert datetime.fromisoformat(told) - datetime.fromisoformat(promised) == timedelta(minutes=15)
    assert client.get(at(attempt)).json()["expires_at"] == told


@pytest.mark.parametrize("place", range(6))
def test_an_empty_text_takes_an_answer_back(
    place: int, api_of: Callable[..., APIClient], alice: User, bob: User, attempt: Attempt
) -> None:
    client = api_of(bob)
    key, right = list(answers_for(attempt, RIGHT).items())[place]
    for seq, answer in enumerate([right, ""], start=1):
        saved = client.put(at(attempt, "/answers"), {"answers": {key: answer}, "seq": seq}, format="json")
        assert saved.status_code == 200
    again = client.put(at(attempt, "/answers"), {"answers": {key: ""}, "seq": 2}, format="json")
    assert again.status_code == 200
    assert client.get(at(attempt)).json()["answers"] == {key: None}
    assert client.post(at(attempt, "/submit"), {}, format="json").json()["score"] == 0
    result = api_of(alice).get(of(attempt.quiz, "/results")).json()[place]
    assert (result["answered"], result["marked"]) == (0, 1)


@pytest.mark.quality("Q08")
def test_an_older_answer_never_replaces_a_newer_one(
    api_of: Callable[..., APIClient], bob: User, attempt: Attempt
) -> None:
    client = api_of(bob)
    (key, _), *_rest = answers_for(attempt, RIGHT).items()
    assert client.put(at(attempt, "/answers"), {"answers": {key: "a"}, "seq": 5}, format="json").status_code == 200
    stale = client.put(at(attempt, "/answers"), {"answers": {key: "b"}, "seq": 4}, format="json")
    assert (stale.status_code, code(stale)) == (409, "stale_answer")
    assert stale.json()["current"][key]["answer"] == "a"
    assert stale.json()["current"][key]["seq"] == 5
    repeat = client.put(at(attempt, "/answers"), {"answers": {key: "a"}, "seq": 5}, format="json")
    assert repeat.status_code == 200
    assert AnswerEvent.objects.count() == 1
    same_number = client.put(at(attempt, "/answers"), {"answers": {key: "b"}, "seq": 5}, format="json")
    assert same_number.status_code == 409


@pytest.mark.quality("Q10")
@pytest.mark.parametrize(
    "answers",
    [
        {"00000000-0000-0000-0000-000000000000": "a"},
        {"nonsense": "a"},
        {"first": ["a"]},
        {"first": {"a": 1}},
        {"first": None},
        {"first": "x" * 1_000_000},
        {"first": 3},
        {"numeric": "eighty"},
        {"numeric": True},
        {"numeric": 10**300},
        {"matching": {"l1": "nowhere"}},
        {"matching": [["l1", "r1"]]},
        {"select": ["x", "x"]},
        {"select": "x"},
        {"truth": "maybe"},
        ["first"],
        "text",
    ],
)
def test_a_malformed_answer_is_400_and_everything_saved_stays(
    answers: Any, api_of: Callable[..., APIClient], bob: User, attempt: Attempt
) -> None:
    client = api_of(bob)
    right = answers_for(attempt, RIGHT)
    names = dict(zip(["first", "truth", "short", "select", "numeric", "matching"], right, strict=True))
    assert client.put(at(attempt, "/answers"), {"answers": right}, format="json").status_code == 200
    if isinstance(answers, dict):
        answers = {names.get(key, key): value for key, value in answers.items()}
    for method, tail in ((client.put, "/answers"), (client.post, "/submit")):
        assert method(at(attempt, tail), {"answers": answers}, format="json").status_code == 400
    attempt.refresh_from_db()
    assert attempt.is_running
    assert client.post(at(attempt, "/submit"), {}, format="json").json()["score"] == 100


def test_an_essay_waits_for_its_mark(
    api_of: Callable[..., APIClient], alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    quiz = make_quiz(alice, course, [QUESTIONS[0], ESSAY], passing_score_percentage=50)
    attempt = begin(bob, quiz)
    answers = answers_for(attempt, ["a", "Soft water is best."])
    done = api_of(bob).post(at(attempt, "/submit"), {"answers": answers}, format="json").json()
    assert (done["score"], done["passed"]) == (None, None)
    assert GradeEntry.objects.count() == 0
    essay = list(answers)[1]
    teacher = api_of(alice)
    too_much = teacher.post(at(attempt, "/grade"), {"question_id": essay, "points": 5}, format="json")
    assert (too_much.status_code, code(too_much)) == (400, "points_out_of_range")
    assert (
        api_of(bob).post(at(attempt, "/grade"), {"question_id": essay, "points": 4}, format="json").status_code == 403
    )
    marked = teacher.post(
        at(attempt, "/grade"), {"question_id": essay, "points": 3, "feedback": "Good."}, format="json"
    )
    assert (marked.status_code, marked.json()["score"], marked.json()["passed"]) == (200, 83, True)
    assert GradeEntry.objects.get().points == 5
    mine = api_of(bob).get(at(attempt)).json()
    assert {one["question_id"]: one["feedback"] for one in mine["results"]}[essay] == "Good."
    assert bob.notifications.get(event="quiz_graded").payload["score"] == 83


def test_a_mark_by_the_key_is_overridden_with_a_reason_and_its_history_stays(
    api_of: Callable[..., APIClient], alice: User, bob: User, attempt: Attempt
) -> None:
    answers = answers_for(attempt, WRONG)
    api_of(bob).post(at(attempt, "/submit"), {"answers": answers}, format="json")
    body = {"question_id": next(iter(answers)), "points": "1.5"}
    refused = api_of(alice).post(at(attempt, "/grade"), body, format="json")
    assert (refused.status_code, code(refused)) == (400, "reason_required")
    given = api_of(alice).post(at(attempt, "/grade"), {**body, "reason": "ambiguous"}, format="json")
    assert given.json()["points_earned"] == "1.50"
    history = Mark.objects.filter(question_id=next(iter(answers))).values_list("points", "kind")
    assert [(float(points), kind) for points, kind in history] == [(0.0, "auto"), (1.5, "manual")]


def test_the_list_of_attempts_is_ones_own_and_for_the_instructor_everybodys(
    api_of: Callable[..., APIClient], alice: User, bob: User, carol: User, course: Course, quiz: Quiz
) -> None:
    enrollments.enroll(actor=carol, user=carol, course=course)
    begin(bob, quiz), begin(carol, quiz)
    assert [one["user_id"] for one in api_of(bob).get(of(quiz, "/attempts/")).json()["results"]] == [str(bob.pk)]
    assert api_of(alice).get(of(quiz, "/attempts/")).json()["count"] == 2


def test_filters_and_a_foreign_course(
    api_of: Callable[..., APIClient], alice: User, erin: User, bob: User, quiz: Quiz, course: Course
) -> None:
    client = api_of(bob)
    assert client.get(f"{API}?course_id={course.pk}").json()["count"] == 1
    assert client.get(f"{API}?course_id=nonsense").status_code == 400
    foreign = api_of(erin).post(API, {"course_id": str(course.pk), "title": "Mine"}, format="json")
    assert foreign.status_code == 403
    lesson = make_course(alice, "Coffee").lessons.first()
    wrong = api_of(alice).post(
        API, {"course_id": str(course.pk), "title": "L", "lesson_id": str(lesson.pk)}, format="json"
    )
    assert (wrong.status_code, code(wrong)) == (400, "wrong_lesson")


@pytest.mark.quality("G6")
def test_saving_one_answer_takes_at_most_eight_statements(
    api_of: Callable[..., APIClient], bob: User, attempt: Attempt, statements: Callable[[int], Any]
) -> None:
    client = api_of(bob)
    (key, value), *_rest = answers_for(attempt, RIGHT).items()
    with statements(8):
        answer = client.put(at(attempt, "/answers"), {"answers": {key: value}, "seq": 1}, format="json")
    assert answer.status_code == 200


@pytest.mark.quality("G5")
def test_submitting_takes_at_most_twenty_statements_whatever_the_number_of_questions(
    api_of: Callable[..., APIClient], alice: User, bob: User, course: Course, enrollment: Enrollment, statements: Any
) -> None:
    for size in (2, 20):
        quiz = make_quiz(alice, course, QUESTIONS[:2] * (size // 2), title=f"Of {size}", is_required=True)
        attempt = begin(bob, quiz)
        answers = answers_for(attempt, ["a", True] * (size // 2))
        client = api_of(bob)
        with statements(20):
            done = client.post(at(attempt, "/submit"), {"answers": answers}, format="json")
        assert done.json()["score"] == 100
