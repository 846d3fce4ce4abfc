"""The pages of who teaches, in a browser: axe finds nothing on them, and marking goes from one essay to the next."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from lms.testing.browsing import assert_accessible, elsewhere, log_in
from quizzes import attempts, authoring
from quizzes.models import Attempt, Quiz
from quizzes.tests.conftest import ESSAY, QUESTIONS, RIGHT, answers_for, begin, make_quiz

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def taken(live_site: str, alice: User, bob: User, carol: User, course: Course) -> Quiz:
    """A quiz with a question of every type, which Bob and Carol have handed in; their essays wait."""
    quiz = make_quiz(alice, course, [*QUESTIONS, ESSAY])
    for user in (bob, carol):
        Enrollment.objects.create(user=user, course=course)
        attempt = begin(user, quiz)
        answers = answers_for(attempt, [*RIGHT, "Soft water."])
        elsewhere(lambda by=user, at=attempt, given=answers: attempts.submit(actor=by, attempt=at, answers=given))  # type: ignore[misc]  # mypy does not infer it
    return quiz


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_of_a_quiz_is_accessible_to_who_teaches_it(
    page: Page, live_site: str, alice: User, taken: Quiz, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    log_in(page, live_site, alice)
    first = taken.questions.order_by("order")[0]
    authoring.change_question(actor=alice, question=first, correct_answer="b")
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


def test_essays_are_marked_from_the_keyboard_one_after_another(
    page: Page, live_site: str, alice: User, taken: Quiz
) -> None:
    log_in(page, live_site, alice)
    page.goto(f"{live_site}/teach/quizzes/{taken.pk}/results/")
    page.get_by_role("link", name="Bob Example").click()
    expect(page.get_by_text("1 more attempt waits")).to_be_visible()
    for points in ("3", "4"):
        expect(page.get_by_label("Points, of 4")).to_be_focused()
        page.keyboard.type(points)
        with page.expect_navigation():  # the page before says the same
            page.keyboard.press("Enter")
        expect(page.get_by_text("The mark is saved.")).to_be_visible()
    assert sorted(Attempt.objects.values_list("points_earned", flat=True)) == [13, 14]


def test_as_one_option_is_begun_there_is_a_place_for_the_next(
    page: Page, live_site: str, alice: User, course: Course
) -> None:
    quiz = make_quiz(alice, course, QUESTIONS[:1])
    log_in(page, live_site, alice)
    page.goto(f"{live_site}/teach/quizzes/{quiz.pk}/questions/new/?type=multiple_choice")
    page.get_by_label("Question", exact=True).fill("Which is a leaf?")
    places = page.get_by_role("group", name=re.compile("^Option [0-9]+$"))
    expect(places).to_have_count(4)
    for number, (text, shown) in enumerate([("Tea", 4), ("Salt", 4), ("Stone", 5), ("Iron", 6), ("Mint", 7)], 1):
        page.get_by_role("group", name=f"Option {number}", exact=True).get_by_role("textbox").first.fill(text)
        expect(places).to_have_count(shown)
    page.get_by_role("group", name="Option 1", exact=True).get_by_label("Right").check()
    page.get_by_role("textbox", name="Said to who chooses it").nth(1).fill("It is mined.")
    page.get_by_role("button", name="Save the question").click()
    expect(page.get_by_text("The question is saved.")).to_be_visible()
    written = quiz.questions.order_by("order")[1].current
    assert written
    assert [(one["text"], one["is_correct"], one.get("feedback", "")) for one in written.options] == [
        ("Tea", True, ""), ("Salt", False, "It is mined."), ("Stone", False, ""), ("Iron", False, ""),
        ("Mint", False, ""),
    ]  # fmt: skip
