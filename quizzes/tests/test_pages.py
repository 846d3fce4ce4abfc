"""The quiz pages, without scripts, with a constant number of queries."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from files.models import File
from files.tests.samples import image, upload
from quizzes import attempts, editor
from quizzes.models import Attempt, Quiz
from quizzes.tests.conftest import ESSAY, QUESTIONS, RIGHT, WRONG, answers_for, begin, make_quiz


@pytest.mark.quality("G4")
@pytest.mark.parametrize("size", [1, 10])
def test_the_quiz_page_takes_at_most_twelve_statements(
    size: int,
    browser_of: Callable[..., Client],
    alice: User,
    bob: User,
    course: Course,
    enrollment: Enrollment,
    statements: Any,
) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1] * size, time_limit_minutes=10)
    attempt = begin(bob, quiz)
    browser = browser_of(bob)
    for page in (f"/quizzes/{quiz.pk}/", f"/quizzes/attempts/{attempt.pk}/"):
        browser.get(page)
        with statements(12):
            assert browser.get(page).status_code == 200


def test_a_student_takes_a_quiz_without_scripts(browser_of: Callable[..., Client], bob: User, quiz: Quiz) -> None:
    browser = browser_of(bob)
    started = browser.post(f"/quizzes/{quiz.pk}/start/")
    attempt = Attempt.objects.get()
    assert started["Location"] == f"/quizzes/attempts/{attempt.pk}/"
    one, truth, short, select, number, match = answers_for(attempt, RIGHT)
    form = {
        f"q-{one}": "a",
        f"q-{truth}": "true",
        f"q-{short}": "kanarienvogelb",
        f"q-{select}": ["x", "y"],
        f"q-{number}": "80,5",
        f"q-{match}:l1": "r1",
        f"q-{match}:l2": "r2",
    }
    wrong = browser.post(f"/quizzes/attempts/{attempt.pk}/", {**form, f"q-{number}": "hot", "action": "submit"})
    assert wrong.status_code == 400
    assert b'value="hot"' in wrong.content
    saved = browser.post(f"/quizzes/attempts/{attempt.pk}/", {**form, "action": "save"})
    assert saved.status_code == 302
    assert b"checked" in browser.get(f"/quizzes/attempts/{attempt.pk}/").content
    browser.post(f"/quizzes/attempts/{attempt.pk}/", {"action": "submit"})
    attempt.refresh_from_db()
    assert attempt.score == 100
    assert attempt.receipt.encode() in browser.get(f"/quizzes/attempts/{attempt.pk}/review/").content


def test_an_answer_is_cleared_without_scripts(browser_of: Callable[..., Client], bob: User, attempt: Attempt) -> None:
    browser = browser_of(bob)
    page = f"/quizzes/attempts/{attempt.pk}/"
    number, truth = (list(answers_for(attempt, RIGHT))[place] for place in (4, 1))
    browser.post(page, {f"q-{number}": "80", f"q-{truth}": "true", "asked": [number, truth], "action": "save"})
    browser.post(page, {f"q-{number}": "", "asked": [number], "action": "save"})
    shown = browser.get(page)
    assert {line.question.question_id: line.answer for line in shown.context["lines"] if line.saved_at} == {
        number: None,
        truth: True,
    }
    assert shown.context["answered"] == 1
    assert b"None" not in shown.content


def rows(*filled: dict[str, Any]) -> dict[str, str]:
    """Return the form data of the rows of a key, including empty rows."""
    typed = {
        f"rows-{number}-{name}": "on" if value is True else value
        for number, row in enumerate(filled)
        for name, value in row.items()
        if value is not False
    }
    return {"rows-TOTAL_FORMS": "12", "rows-INITIAL_FORMS": "0", **typed}


def test_an_instructor_creates_a_quiz_on_the_pages(
    browser_of: Callable[..., Client], alice: User, course: Course
) -> None:
    browser = browser_of(alice)
    made = browser.post(f"/teach/courses/{course.slug}/quizzes/", {"title": "Leaves"})
    quiz = Quiz.objects.get()
    assert made["Location"] == f"/teach/quizzes/{quiz.pk}/"
    plain = {"question_text": "Why?", "points": "2", "explanation": ""}
    keys = {
        "multiple_choice": rows({"text": "Yes", "is_correct": "on", "feedback": "Right"}, {"text": "No"}),
        "multiple_select": rows(*({"text": text, "is_correct": "on"} for text in ("Yes", "Also")), {"text": "No"}),
        "true_false": {"correct_answer": "false"},
        "short_answer": {"correct_answer": "tea", "accepted": "chai\ncha"},
        "numeric": {"correct_answer": "3.5", "tolerance": "0.5"},
        "matching": rows(*({"left": left, "right": right} for left, right in ("a1", "b2", "c1"))),
        "essay": {},
    }
    for name, key in keys.items():
        address = f"/teach/quizzes/{quiz.pk}/questions/new/?type={name}"
        assert browser.get(address).status_code == 200
        assert browser.post(address, {**plain, **key}).status_code == 302, name
    for question in quiz.questions.all():
        assert question.current
        edit = f"/teach/quizzes/{quiz.pk}/questions/{question.pk}/"
        shown = browser.get(edit)
        again = {field: value for field, value in shown.context["form"].initial.items() if value is not None}
        again |= rows(*again.pop("rows", ()))
        answer = browser.post(edit, again)
        assert answer.status_code == 302, answer.context["form"].errors
        question.refresh_from_db()
        assert question.current.number == 1, question.current.question_type  # saving without changes creates no version
    assert browser.post(f"/teach/quizzes/{quiz.pk}/publish/", {"published": "yes"}).status_code == 302
    quiz.refresh_from_db()
    assert (quiz.is_published, quiz.points_possible) == (True, 14)
    for page in ("", "results/", "regrade/"):
        assert browser.get(f"/teach/quizzes/{quiz.pk}/{page}").status_code == 200


@pytest.mark.parametrize(
    ("name", "key", "message"),
    [
        ("multiple_choice", rows({"text": "Yes"}, {"is_correct": "on"}), "Option 2: Enter the text of the option"),
        ("multiple_choice", rows({"text": "Yes"}, {"text": "No"}), "Mark exactly one option as correct"),
        ("multiple_choice", rows({"text": "Only", "is_correct": "on"}), "Enter between 2 and 30 options"),
        ("multiple_choice", rows({"text": "x" * 501, "is_correct": "on"}, {"text": "No"}), "Option 1: Ensure this"),
        (
            "multiple_select",
            {**rows(*({"text": f"{number}", "is_correct": "on"} for number in range(31))), "rows-TOTAL_FORMS": "31"},
            "Enter between 2 and 30 options",
        ),
        ("multiple_select", {**rows({"text": "Yes"}), "rows-TOTAL_FORMS": "999999"}, "Enter at most 30 rows"),
        ("multiple_choice", {}, "The rows were missing from the form"),
        ("matching", rows({"left": "a", "right": "1"}), "Enter at least two pairs"),
        ("matching", rows({"left": "a", "right": "1"}, {"left": "b"}), "Pair 2: Enter both sides of the pair"),
        ("matching", rows(), "Enter at least two pairs"),
    ],
)
def test_an_invalid_row_is_named_and_the_input_is_kept(
    browser_of: Callable[..., Client], alice: User, course: Course, name: str, key: dict[str, str], message: str
) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    page = f"/teach/quizzes/{quiz.pk}/questions/new/?type={name}"
    answer = browser_of(alice).post(page, {"question_text": "Why?", "points": "2", "explanation": "", **key})
    assert message in unescape(answer.content.decode())
    assert quiz.questions.count() == 1
    for field, value in key.items():
        if value not in ("on", "x" * 501) and "FORMS" not in field:
            assert f'name="{field}" value="{value}"' in answer.content.decode()


def test_the_form_has_empty_rows_until_there_are_thirty_options(
    browser_of: Callable[..., Client], alice: User, course: Course
) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    for options, row_count in ((0, 12), (5, 12), (10, 16), (28, 30), (30, 30)):
        page = f"/teach/quizzes/{quiz.pk}/questions/new/?type=multiple_choice"
        if options:
            existing = [{"id": f"{one}", "text": f"Option {one}", "is_correct": one == 0} for one in range(options)]
            question = editor.add_question(
                actor=alice, quiz=quiz, question_type="multiple_choice", question_text="Why?", options=existing
            )
            page = f"/teach/quizzes/{quiz.pk}/questions/{question.pk}/"
        assert len(browser_of(alice).get(page).context["form"].rows.forms) == row_count


def test_students_see_the_picture_of_a_question(
    browser_of: Callable[..., Client], alice: User, bob: User, carol: User, course: Course, enrollment: Enrollment
) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    page = f"/teach/quizzes/{quiz.pk}/questions/new/?type=true_false"
    form = {"question_text": "Is this tea?", "points": "1", "explanation": "", "correct_answer": "true"}
    browser = browser_of(alice)
    undescribed = browser.post(page, {**form, "picture": upload("cup.png", image())})
    assert b"Describe the picture." in undescribed.content
    fake = browser.post(page, {**form, "picture": upload("cup.png", b"no picture"), "picture_shows": "A cup"})
    assert (fake.status_code, File.objects.count()) == (200, 0)
    made = browser.post(page, {**form, "picture": upload("cup.png", image()), "picture_shows": "A [white] cup"})
    assert made.status_code == 302
    attempt = begin(bob, quiz)
    shown = browser_of(bob).get(f"/quizzes/attempts/{attempt.pk}/").content.decode()
    address = re.search(r'<img src="(/files/[^"]+)" alt="A white cup">', shown)
    assert address
    assert browser_of(bob).get(address[1]).status_code == 200
    assert browser_of(carol).get(address[1]).status_code == 404


def test_the_picture_of_an_invalid_question_is_deleted(
    browser_of: Callable[..., Client], alice: User, course: Course
) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    page = f"/teach/quizzes/{quiz.pk}/questions/new/?type=multiple_choice"
    form = {"question_text": "Which?", "points": "1", "picture_shows": "A cup", **rows({"text": "Only one"})}
    invalid = browser_of(alice).post(page, {**form, "picture": upload("cup.png", image())})
    assert b"Which?" in invalid.content
    assert File.objects.count() == 0


def test_results_show_the_score_distribution_and_the_chosen_options(
    browser_of: Callable[..., Client], alice: User, bob: User, carol: User, course: Course, enrollment: Enrollment
) -> None:
    Enrollment.objects.create(user=carol, course=course)
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    for user, answer in ((bob, "a"), (carol, "b")):
        attempt = begin(user, quiz)
        attempts.submit_attempt(actor=user, attempt=attempt, answers=answers_for(attempt, [answer]))
    shown = browser_of(alice).get(f"/teach/quizzes/{quiz.pk}/results/")
    summary = shown.context["summary"]
    assert (summary.submitted, summary.waiting, summary.median, summary.passed_percent) == (2, 0, 50, 50)
    assert [bar.count for bar in summary.bars] == [1, *[0] * 8, 1]
    assert {bar.label for bar in summary.bars} >= {"0 to 9 %", "90 to 100 %"}
    assert b'<rect width="50" height="4"/>' in shown.content


def test_results_show_every_answer_with_full_credit_as_correct(
    browser_of: Callable[..., Client], alice: User, bob: User, carol: User, course: Course, enrollment: Enrollment
) -> None:
    Enrollment.objects.create(user=carol, course=course)
    quiz = make_quiz(alice, course, [QUESTIONS[4], QUESTIONS[5]])
    for user, answers in ((bob, RIGHT[4:]), (carol, WRONG[4:])):
        attempt = begin(user, quiz)
        attempts.submit_attempt(actor=user, attempt=attempt, answers=answers_for(attempt, answers))
    shown = browser_of(alice).get(f"/teach/quizzes/{quiz.pk}/results/")
    numbers, pairs = [{one.answer: one.is_correct for one in result.choices} for result in shown.context["results"]]
    assert numbers == {"80": True, "1": False}
    assert (sorted(pairs.values()), len(pairs)) == ([False, False, True, True], 4)


def test_results_show_the_correct_option_only_if_others_differ_in_case(
    browser_of: Callable[..., Client], alice: User, course: Course
) -> None:
    options = [{"id": "a", "text": "os.path"}, {"id": "b", "text": "OS.path"}]
    question = {"question_type": "multiple_choice", "question_text": "Which module?", "points": 1}
    quiz = make_quiz(alice, course, [{**question, "options": options, "correct_answer": "a"}])
    (result,) = browser_of(alice).get(f"/teach/quizzes/{quiz.pk}/results/").context["results"]
    assert [one.is_correct for one in result.choices] == [True, False]


@pytest.mark.parametrize(
    ("is_published", "message"), [(False, "when you publish the course."), (True, "Quiz published.")]
)
def test_publishing_a_quiz_says_when_students_see_it(
    is_published: bool, message: str, browser_of: Callable[..., Client], alice: User, course: Course
) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    Quiz.objects.update(is_published=False)
    Course.objects.update(is_published=is_published)
    page = browser_of(alice).post(f"/teach/quizzes/{quiz.pk}/publish/", {"published": "yes"}, follow=True)
    (shown,) = [str(one) for one in page.context["messages"]]
    assert shown.endswith(message)


def test_grading_an_essay_leads_to_the_next_attempt(
    browser_of: Callable[..., Client], alice: User, bob: User, carol: User, course: Course, enrollment: Enrollment
) -> None:
    Enrollment.objects.create(user=carol, course=course)
    quiz = make_quiz(alice, course, [QUESTIONS[0], ESSAY])
    taken = []
    for user in (bob, carol):
        attempt = begin(user, quiz)
        answers = answers_for(attempt, ["a", "=SUM(1)"])
        taken.append(attempts.submit_attempt(actor=user, attempt=attempt, answers=answers))
    essay = list(answers)[1]
    browser = browser_of(alice)
    assert browser.get(f"/teach/quizzes/attempts/{taken[0].pk}/").status_code == 200
    mark = {"question_id": essay, "points": "4", "feedback": "Good."}
    on = browser.post(f"/teach/quizzes/attempts/{taken[0].pk}/", mark)
    assert on["Location"] == f"/teach/quizzes/attempts/{taken[1].pk}/"
    results = browser.get(f"/teach/quizzes/{quiz.pk}/results/")
    assert results.status_code == 200
    table = read_csv(browser, f"/teach/quizzes/{quiz.pk}/results.csv")
    assert len(table.splitlines()) == 3
    assert "\n=" not in table


@pytest.mark.parametrize("address", ["/teach/quizzes/{}/results.csv", "/api/v1/quizzes/{}/results.csv"])
def test_the_results_file_begins_with_a_byte_order_mark(
    address: str, browser_of: Callable[..., Client], alice: User, quiz: Quiz
) -> None:
    assert read_csv(browser_of(alice), address.format(quiz.pk)).startswith("\ufeffname,")


def read_csv(browser: Client, address: str) -> str:
    response: Any = browser.get(address)
    return b"".join(response).decode()


def test_the_course_page_of_a_student_lists_the_quiz(browser_of: Callable[..., Client], bob: User, quiz: Quiz) -> None:
    page = browser_of(bob).get(f"/learn/{quiz.course.slug}/", follow=True).content.decode()
    assert f"/quizzes/{quiz.pk}/" in page
    assert "1 attempt left" in page
