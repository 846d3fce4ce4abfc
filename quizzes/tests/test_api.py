"""The quiz API: access, response shapes and error codes."""

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
from quizzes import editor
from quizzes.models import AnswerEvent, Attempt, Mark, Quiz
from quizzes.tests.conftest import ESSAY, QUESTIONS, RIGHT, WRONG, answers_for, begin, make_quiz
from tools.testing.plugin import make_course

API = "/api/v1/quizzes/"


def quiz_url(quiz: Quiz, tail: str = "") -> str:
    return f"{API}{quiz.pk}{tail}"


def attempt_url(attempt: Attempt, tail: str = "") -> str:
    return f"{API}{attempt.quiz_id}/attempts/{attempt.pk}{tail}"


def get_code(response: Any) -> str:
    return response.json()["errors"][0]["code"]


def test_an_instructor_creates_a_quiz_with_every_type_and_publishes_it(
    api_of: Callable[..., APIClient], alice: User, course: Course
) -> None:
    client = api_of(alice)
    made = client.post(API, {"course_id": str(course.pk), "title": "Leaves", "max_attempts": 2}, format="json")
    assert made.status_code == 201, made.content
    quiz_id = made.json()["id"]
    refused = client.put(f"{API}{quiz_id}", {"is_published": True}, format="json")
    assert (refused.status_code, get_code(refused)) == (409, "nothing_to_publish")
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
def test_a_question_with_an_invalid_key_is_400(
    wrong: dict[str, Any], api_of: Callable[..., APIClient], alice: User, quiz: Quiz
) -> None:
    answer = api_of(alice).post(quiz_url(quiz, "/questions/"), {**QUESTIONS[0], **wrong}, format="json")
    assert answer.status_code == 400, answer.content
    assert quiz.questions.count() == len(QUESTIONS)


def test_a_student_starts_saves_and_submits(api_of: Callable[..., APIClient], bob: User, quiz: Quiz) -> None:
    client = api_of(bob)
    started = client.post(quiz_url(quiz, "/attempts"))
    assert started.status_code == 201
    body = started.json()
    assert {"id", "started_at", "expires_at", "questions"} <= body.keys()
    assert [question["order"] for question in body["questions"]] == [1, 2, 3, 4, 5, 6]
    attempt = Attempt.objects.get()
    again = client.post(quiz_url(quiz, "/attempts/"))
    assert (again.status_code, again.json()["id"]) == (200, body["id"])
    for key, value in answers_for(attempt, RIGHT).items():
        saved = client.put(attempt_url(attempt, "/answers"), {"answers": {key: value}, "seq": 1}, format="json")
        assert saved.status_code == 200, saved.content
    done = client.post(attempt_url(attempt, "/submit"), {}, format="json")
    assert done.status_code == 200
    assert (done.json()["score"], done.json()["points_earned"], done.json()["passed"]) == (100, "10.00", True)
    assert len(done.json()["receipt"]) == 64
    assert GradeEntry.objects.get().points == 10
    refused = client.post(quiz_url(quiz, "/attempts"))
    assert (refused.status_code, get_code(refused)) == (409, "no_attempts_left")
    closed = client.put(attempt_url(attempt, "/answers"), {"answers": {}}, format="json")
    assert (closed.status_code, get_code(closed)) == (409, "attempt_closed")
    assert client.get(quiz_url(quiz)).json()["my_attempts_left"] == 0


@pytest.mark.quality("Q03")
def test_a_second_submission_changes_nothing(api_of: Callable[..., APIClient], bob: User, attempt: Attempt) -> None:
    client = api_of(bob)
    first = client.post(attempt_url(attempt, "/submit"), {"answers": answers_for(attempt, WRONG)}, format="json")
    second = client.post(attempt_url(attempt, "/submit"), {"answers": answers_for(attempt, RIGHT)}, format="json")
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert Attempt.objects.get().score == 0
    assert Mark.objects.count() == len(QUESTIONS)
    assert GradeEntry.objects.count() == 1


@pytest.mark.quality("Q03")
def test_start_and_submit_support_the_idempotency_key(api_of: Callable[..., APIClient], bob: User, quiz: Quiz) -> None:
    client = api_of(bob)
    first = client.post(quiz_url(quiz, "/attempts"), headers={"Idempotency-Key": "start"})
    again = client.post(quiz_url(quiz, "/attempts"), headers={"Idempotency-Key": "start"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Attempt.objects.count() == 1
    address = attempt_url(Attempt.objects.get(), "/submit")
    done = client.post(address, {}, format="json", headers={"Idempotency-Key": "end"})
    repeat = client.post(address, {}, format="json", headers={"Idempotency-Key": "end"})
    assert repeat["Idempotent-Replay"] == "true"
    assert repeat.json() == done.json()


@pytest.mark.quality("Q04")
def test_attempts_of_other_users_and_quizzes_are_not_accessible(
    api_of: Callable[..., APIClient], bob: User, carol: User, alice: User, erin: User, course: Course, attempt: Attempt
) -> None:
    other = make_quiz(alice, course, title="Other")
    enrollments.enroll(actor=carol, user=carol, course=course)
    for person in (carol, erin):
        client = api_of(person)
        assert client.get(attempt_url(attempt)).status_code == 404
        assert client.put(attempt_url(attempt, "/answers"), {"answers": {}}, format="json").status_code == 404
        assert client.post(attempt_url(attempt, "/submit"), {}, format="json").status_code == 404
    teacher = api_of(alice)
    assert teacher.put(attempt_url(attempt, "/answers"), {"answers": {}}, format="json").status_code == 403
    assert teacher.post(attempt_url(attempt, "/submit"), {}, format="json").status_code == 403
    assert api_of(bob).get(f"{API}{other.pk}/attempts/{attempt.pk}").status_code == 404
    assert api_of(bob).get(f"{API}nonsense/attempts/{attempt.pk}").status_code == 404
    assert Attempt.objects.get().submitted_at is None


@pytest.mark.quality("Q04")
def test_score_and_time_sent_by_a_client_are_ignored(
    api_of: Callable[..., APIClient], bob: User, carol: User, attempt: Attempt
) -> None:
    forged = {
        "score": 100,
        "passed": True,
        "user_id": str(carol.pk),
        "started_at": "2000-01-01T00:00:00Z",
        "answers": {},
    }
    done = api_of(bob).post(attempt_url(attempt, "/submit"), forged, format="json").json()
    assert (done["score"], done["passed"], done["user_id"]) == (0, False, str(bob.pk))
    assert Attempt.objects.get().started_at == attempt.started_at


@pytest.mark.quality("Q04")
@pytest.mark.parametrize("how", ["unenrolled", "unpublished"])
def test_without_enrollment_or_publication_a_quiz_is_404(
    how: str, api_of: Callable[..., APIClient], alice: User, bob: User, enrollment: Enrollment, attempt: Attempt
) -> None:
    if how == "unenrolled":
        enrollments.end_enrollment(actor=alice, enrollment=enrollment, reason="left")
    else:
        editor.set_published(actor=alice, quiz=attempt.quiz, published=False)
    client = api_of(bob)
    assert client.get(quiz_url(attempt.quiz)).status_code == 404
    assert client.post(quiz_url(attempt.quiz, "/attempts")).status_code == 404
    assert client.put(attempt_url(attempt, "/answers"), {"answers": {}}, format="json").status_code == 404


@pytest.mark.quality("C01")
def test_quizzes_are_invisible_without_enrollment(api_of: Callable[..., APIClient], carol: User, quiz: Quiz) -> None:
    client = api_of(carol)
    assert client.get(API).json()["results"] == []
    assert client.get(quiz_url(quiz)).status_code == 404
    assert client.post(quiz_url(quiz, "/attempts")).status_code == 404
    assert client.get(quiz_url(quiz, "/attempts/")).status_code == 404


@pytest.mark.quality("Q05")
@pytest.mark.parametrize(
    ("seconds", "status", "score"), [(59, 200, 100), (89, 200, 100), (91, 409, 20), (1200, 409, 20)]
)
def test_the_server_time_decides_whether_answers_are_in_time(
    seconds: int, status: int, score: int, api_of: Callable[..., APIClient], alice: User, bob: User, quiz: Quiz
) -> None:
    quiz = editor.update_quiz(actor=alice, quiz=quiz, time_limit_minutes=1)
    start = timezone.now()
    attempt = begin(bob, quiz)
    client = api_of(bob)
    right = answers_for(attempt, RIGHT)
    first = next(iter(right))
    assert client.put(attempt_url(attempt, "/answers"), {"answers": {first: "a"}}, format="json").status_code == 200
    with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
        client = api_of(bob)  # the first token has expired
        saved = client.put(attempt_url(attempt, "/answers"), {"answers": right}, format="json")
        done = client.post(attempt_url(attempt, "/submit"), {"answers": right}, format="json")
    assert saved.status_code == status
    assert done.status_code == 200
    assert done.json()["score"] == score
    assert done.json()["by_clock"] is (status == 409)


@pytest.mark.quality("Q05")
def test_a_late_submission_is_graded_by_the_answers_saved_in_time(
    api_of: Callable[..., APIClient], bob: User, attempt: Attempt
) -> None:
    right = answers_for(attempt, RIGHT)
    client = api_of(bob)
    client.put(attempt_url(attempt, "/answers"), {"answers": dict(list(right.items())[:1])}, format="json")
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        done = api_of(bob).post(attempt_url(attempt, "/submit"), {"answers": right}, format="json").json()
    assert (done["score"], len(done["answers"])) == (20, 1)


@pytest.mark.quality("Q05")
def test_a_save_returns_the_extended_deadline(
    api_of: Callable[..., APIClient], alice: User, bob: User, attempt: Attempt
) -> None:
    client = api_of(bob)
    key = attempt.layout[0][0]
    before = client.put(attempt_url(attempt, "/answers"), {"answers": {key: "a"}}, format="json").json()["expires_at"]
    grant_extension(actor=alice, item=attempt.quiz, enrollment=attempt.enrollment, extra_minutes=15)
    after = client.put(attempt_url(attempt, "/answers"), {"answers": {key: "b"}}, format="json").json()["expires_at"]
    assert datetime.fromisoformat(after) - datetime.fromisoformat(before) == timedelta(minutes=15)
    assert client.get(attempt_url(attempt)).json()["expires_at"] == after


@pytest.mark.parametrize("place", range(6))
def test_an_empty_string_clears_an_answer(
    place: int, api_of: Callable[..., APIClient], alice: User, bob: User, attempt: Attempt
) -> None:
    client = api_of(bob)
    key, right = list(answers_for(attempt, RIGHT).items())[place]
    for seq, answer in enumerate([right, ""], start=1):
        saved = client.put(attempt_url(attempt, "/answers"), {"answers": {key: answer}, "seq": seq}, format="json")
        assert saved.status_code == 200
    again = client.put(attempt_url(attempt, "/answers"), {"answers": {key: ""}, "seq": 2}, format="json")
    assert again.status_code == 200
    assert client.get(attempt_url(attempt)).json()["answers"] == {key: None}
    assert client.post(attempt_url(attempt, "/submit"), {}, format="json").json()["score"] == 0
    result = api_of(alice).get(quiz_url(attempt.quiz, "/results")).json()[place]
    assert (result["answered"], result["marked"]) == (0, 1)


@pytest.mark.quality("Q08")
def test_an_older_answer_never_replaces_a_newer_one(
    api_of: Callable[..., APIClient], bob: User, attempt: Attempt
) -> None:
    client = api_of(bob)
    (key, _), *_rest = answers_for(attempt, RIGHT).items()
    assert (
        client.put(attempt_url(attempt, "/answers"), {"answers": {key: "a"}, "seq": 5}, format="json").status_code
        == 200
    )
    stale = client.put(attempt_url(attempt, "/answers"), {"answers": {key: "b"}, "seq": 4}, format="json")
    assert (stale.status_code, get_code(stale)) == (409, "stale_answer")
    assert stale.json()["current"][key]["answer"] == "a"
    assert stale.json()["current"][key]["seq"] == 5
    repeat = client.put(attempt_url(attempt, "/answers"), {"answers": {key: "a"}, "seq": 5}, format="json")
    assert repeat.status_code == 200
    assert AnswerEvent.objects.count() == 1
    same_number = client.put(attempt_url(attempt, "/answers"), {"answers": {key: "b"}, "seq": 5}, format="json")
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
def test_a_malformed_answer_is_400_and_saved_answers_are_kept(
    answers: Any, api_of: Callable[..., APIClient], bob: User, attempt: Attempt
) -> None:
    client = api_of(bob)
    right = answers_for(attempt, RIGHT)
    names = dict(zip(["first", "truth", "short", "select", "numeric", "matching"], right, strict=True))
    assert client.put(attempt_url(attempt, "/answers"), {"answers": right}, format="json").status_code == 200
    if isinstance(answers, dict):
        answers = {names.get(key, key): value for key, value in answers.items()}
    for method, tail in ((client.put, "/answers"), (client.post, "/submit")):
        assert method(attempt_url(attempt, tail), {"answers": answers}, format="json").status_code == 400
    attempt.refresh_from_db()
    assert attempt.is_running
    assert client.post(attempt_url(attempt, "/submit"), {}, format="json").json()["score"] == 100


def test_an_essay_awaits_grading(
    api_of: Callable[..., APIClient], alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    quiz = make_quiz(alice, course, [QUESTIONS[0], ESSAY], passing_score_percentage=50)
    attempt = begin(bob, quiz)
    answers = answers_for(attempt, ["a", "Soft water is best."])
    done = api_of(bob).post(attempt_url(attempt, "/submit"), {"answers": answers}, format="json").json()
    assert (done["score"], done["passed"]) == (None, None)
    assert GradeEntry.objects.count() == 0
    essay = list(answers)[1]
    teacher = api_of(alice)
    too_much = teacher.post(attempt_url(attempt, "/grade"), {"question_id": essay, "points": 5}, format="json")
    assert (too_much.status_code, get_code(too_much)) == (400, "points_out_of_range")
    assert (
        api_of(bob).post(attempt_url(attempt, "/grade"), {"question_id": essay, "points": 4}, format="json").status_code
        == 403
    )
    marked = teacher.post(
        attempt_url(attempt, "/grade"), {"question_id": essay, "points": 3, "feedback": "Good."}, format="json"
    )
    assert (marked.status_code, marked.json()["score"], marked.json()["passed"]) == (200, 83, True)
    assert GradeEntry.objects.get().points == 5
    mine = api_of(bob).get(attempt_url(attempt)).json()
    assert {one["question_id"]: one["feedback"] for one in mine["results"]}[essay] == "Good."
    assert bob.notifications.get(event="quiz_graded").payload["score"] == 83


def test_overriding_automatic_points_needs_a_reason_and_keeps_the_history(
    api_of: Callable[..., APIClient], alice: User, bob: User, attempt: Attempt
) -> None:
    answers = answers_for(attempt, WRONG)
    api_of(bob).post(attempt_url(attempt, "/submit"), {"answers": answers}, format="json")
    body = {"question_id": next(iter(answers)), "points": "1.5"}
    refused = api_of(alice).post(attempt_url(attempt, "/grade"), body, format="json")
    assert (refused.status_code, get_code(refused)) == (400, "reason_required")
    given = api_of(alice).post(attempt_url(attempt, "/grade"), {**body, "reason": "ambiguous"}, format="json")
    assert given.json()["points_earned"] == "1.50"
    history = Mark.objects.filter(question_id=next(iter(answers))).values_list("points", "kind")
    assert [(float(points), kind) for points, kind in history] == [(0.0, "auto"), (1.5, "manual")]


def test_students_list_their_own_attempts_and_instructors_all(
    api_of: Callable[..., APIClient], alice: User, bob: User, carol: User, course: Course, quiz: Quiz
) -> None:
    enrollments.enroll(actor=carol, user=carol, course=course)
    begin(bob, quiz), begin(carol, quiz)
    assert [one["user_id"] for one in api_of(bob).get(quiz_url(quiz, "/attempts/")).json()["results"]] == [str(bob.pk)]
    assert api_of(alice).get(quiz_url(quiz, "/attempts/")).json()["count"] == 2


def test_filters_and_courses_of_other_instructors(
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
    assert (wrong.status_code, get_code(wrong)) == (400, "wrong_lesson")


@pytest.mark.quality("G6")
def test_saving_one_answer_takes_at_most_eight_statements(
    api_of: Callable[..., APIClient], bob: User, attempt: Attempt, statements: Callable[[int], Any]
) -> None:
    client = api_of(bob)
    (key, value), *_rest = answers_for(attempt, RIGHT).items()
    with statements(8):
        answer = client.put(attempt_url(attempt, "/answers"), {"answers": {key: value}, "seq": 1}, format="json")
    assert answer.status_code == 200


@pytest.mark.quality("G5")
def test_submitting_takes_at_most_twenty_statements_for_any_number_of_questions(
    api_of: Callable[..., APIClient], alice: User, bob: User, course: Course, enrollment: Enrollment, statements: Any
) -> None:
    for size in (2, 20):
        quiz = make_quiz(alice, course, QUESTIONS[:2] * (size // 2), title=f"Of {size}", is_required=True)
        attempt = begin(bob, quiz)
        answers = answers_for(attempt, ["a", True] * (size // 2))
        client = api_of(bob)
        with statements(20):
            done = client.post(attempt_url(attempt, "/submit"), {"answers": answers}, format="json")
        assert done.json()["score"] == 100
