"""The instructor pages in a browser: accessibility, grading with the keyboard, option rows."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts, editor
from quizzes.models import Attempt, Quiz
from quizzes.tests.conftest import ESSAY, QUESTIONS, RIGHT, answers_for, begin, make_quiz
from tools.testing.browser import assert_accessible, log_in, run_in_thread

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def taken(live_site: str, alice: User, bob: User, carol: User, course: Course) -> Quiz:
    """A quiz with a question of each type, submitted by Bob and Carol, with ungraded essays."""
    quiz = make_quiz(alice, course, [*QUESTIONS, ESSAY])
    for user in (bob, carol):
        Enrollment.objects.create(user=user, course=course)
        attempt = begin(user, quiz)
        answers = answers_for(attempt, [*RIGHT, "Soft water."])
        run_in_thread(
            lambda by=user, at=attempt, given=answers: attempts.submit_attempt(actor=by, attempt=at, answers=given)
        )  # type: ignore[misc]  # mypy does not infer it
    return quiz


@pytest.mark.parametrize("width", [1280, 390])
def test_every_instructor_page_of_a_quiz_is_accessible(
    page: Page, live_site: str, alice: User, taken: Quiz, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, live_site, alice)
    first = taken.questions.order_by("order")[0]
    editor.change_question(actor=alice, question=first, correct_answer="b")
    attempt = Attempt.objects.order_by("submitted_at")[0]
    for path in (
        f"/teach/courses/{taken.course.slug}/quizzes/",
        f"/teach/quizzes/{taken.pk}/",
        f"/teach/quizzes/{taken.pk}/questions/new/?type=matching",
        f"/teach/quizzes/{taken.pk}/questions/{first.pk}/",
        f"/teach/quizzes/{taken.pk}/results/",
        f"/teach/quizzes/{taken.pk}/regrade/",
        f"/teach/quizzes/attempts/{attempt.pk}/",
    ):
        answer = page.goto(live_site + path)
        assert answer
        assert answer.status == 200
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"


def test_essays_are_graded_one_after_another_with_the_keyboard(
    page: Page, live_site: str, alice: User, taken: Quiz
) -> None:
    log_in(page, live_site, alice)
    page.goto(f"{live_site}/teach/quizzes/{taken.pk}/results/")
    page.get_by_role("link", name="Bob Example").click()
    expect(page.get_by_text("1 more attempt awaits grading")).to_be_visible()
    for points in ("3", "4"):
        expect(page.get_by_label("Points out of 4")).to_be_focused()
        page.keyboard.type(points)
        with page.expect_navigation():  # the previous page has the same text
            page.keyboard.press("Enter")
        expect(page.get_by_text("Grade saved.")).to_be_visible()
    assert sorted(Attempt.objects.values_list("points_earned", flat=True)) == [13, 14]


def test_filling_an_option_shows_another_empty_row(page: Page, live_site: str, alice: User, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    log_in(page, live_site, alice)
    page.goto(f"{live_site}/teach/quizzes/{quiz.pk}/questions/new/?type=multiple_choice")
    page.get_by_label("Question", exact=True).fill("Which is a leaf?")
    places = page.get_by_role("group", name=re.compile("^Option [0-9]+$"))
    expect(places).to_have_count(4)
    for number, (text, shown) in enumerate([("Tea", 4), ("Salt", 4), ("Stone", 5), ("Iron", 6), ("Mint", 7)], 1):
        page.get_by_role("group", name=f"Option {number}", exact=True).get_by_role("textbox").first.fill(text)
        expect(places).to_have_count(shown)
    page.get_by_role("group", name="Option 1", exact=True).get_by_label("Correct").check()
    page.get_by_role("textbox", name="Feedback for this answer").nth(1).fill("It is mined.")
    page.get_by_role("button", name="Save question").click()
    expect(page.get_by_text("Question saved.")).to_be_visible()
    created = quiz.questions.order_by("order")[1].current
    assert created
    assert [(one["text"], one["is_correct"], one.get("feedback", "")) for one in created.options] == [
        ("Tea", True, ""), ("Salt", False, "It is mined."), ("Stone", False, ""), ("Iron", False, ""),
        ("Mint", False, ""),
    ]  # fmt: skip
