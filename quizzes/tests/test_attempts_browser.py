"""Taking a quiz in a browser: keyboard, lost connection, two tabs, deadline. No answer is lost silently."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page, Route, expect

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from enrollments.deadlines import grant_extension
from enrollments.models import Enrollment
from quizzes import attempts
from quizzes.models import AnswerEvent, Attempt, Quiz
from quizzes.tests.conftest import ESSAY, QUESTIONS, begin, make_quiz
from tools.testing.browser import assert_accessible, log_in, run_in_thread
from tools.testing.plugin import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CHOICE, TRUTH, SHORT, SELECT, NUMBER, MATCH, TEXT = range(7)


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Bob's enrollment in Alice's course."""
    return run_in_thread(lambda: enrollments.enroll(actor=bob, user=bob, course=course))


@pytest.fixture
def quiz(live_site: str, alice: User, course: Course, enrollment: Enrollment) -> Quiz:
    """A quiz with a question of each type, all on one page."""
    return make_quiz(alice, course, [*QUESTIONS, ESSAY], time_limit_minutes=30, one_per_page=False, max_attempts=2)


@pytest.fixture
def taking(page: Page, live_site: str, bob: User, quiz: Quiz) -> Page:
    """Bob's browser on the page of his running attempt."""
    log_in(page, live_site, bob)
    open_attempt(page, live_site, begin(bob, quiz))
    return page


def open_attempt(page: Page, site: str, attempt: Attempt) -> None:
    page.goto(f"{site}/quizzes/attempts/{attempt.pk}/")


def question(page: Page, place: int) -> Locator:
    return page.locator("[data-question]").nth(place)


def state(page: Page, place: int) -> Locator:
    return question(page, place).locator("[data-state]")


def text_field(page: Page, place: int) -> Locator:
    return question(page, place).locator("input[type=text], textarea")


def saved_answer(place: int) -> Any:
    """Return the saved answer of the question at this position."""
    key = Attempt.objects.get().layout[place][0]
    event = AnswerEvent.objects.filter(question_id=key).order_by("number").last()
    return None if event is None else event.answer


def submit(page: Page) -> None:
    page.get_by_role("button", name="Submit quiz").click()
    page.get_by_role("button", name="Submit now").click()
    page.wait_for_url("**/review/")


def respond(status: int, body: str = "{}") -> Callable[[Route], None]:
    """Return a route handler that responds with this status."""
    return lambda route: route.fulfill(status=status, body=body, content_type="application/json")


def test_a_student_takes_a_quiz_with_the_keyboard(
    page: Page, live_site: str, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    quiz = make_quiz(alice, course, [*QUESTIONS, ESSAY], time_limit_minutes=30)
    log_in(page, live_site, bob)
    page.goto(f"{live_site}/quizzes/{quiz.pk}/")
    assert_accessible(page)
    page.get_by_role("button", name="Start quiz").press("Enter")
    page.wait_for_url("**/quizzes/attempts/**")
    expect(question(page, CHOICE)).to_be_visible()
    expect(question(page, TRUTH)).to_be_hidden()
    assert_accessible(page)
    keys = page.keyboard

    def to_field(turn: bool = True) -> None:
        """Show the next question, and move the focus past the flag button to its first field."""
        if turn:
            keys.press("Alt+ArrowRight")
        keys.press("Tab")
        keys.press("Tab")

    page.locator("[data-question]").first.focus()
    to_field(turn=False)
    keys.press("Space")
    to_field()
    keys.press("Space")
    to_field()
    keys.type("kanarienvogela")
    to_field()
    keys.press("Space")
    keys.press("Tab")
    keys.press("Space")
    keys.press("Alt+f")
    to_field()
    keys.type("80,5")
    to_field()
    keys.press("j")
    keys.press("Tab")
    keys.press("i")
    to_field()
    keys.type("Soft water.")
    expect(page.locator("[data-count]")).to_have_text("7")
    expect(page.locator(".qnav .flag")).to_have_text("4 (answered)")
    page.get_by_role("button", name="Submit quiz").focus()
    keys.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Flagged: 4")
    assert_accessible(page)
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_url("**/review/")
    assert_accessible(page)
    attempt = Attempt.objects.get()
    assert set(map(str, attempt.answers.values())) == {
        "a", "True", "kanarienvogela", "['x', 'y']", "80.5", "{'l1': 'r1', 'l2': 'r2'}", "Soft water.",
    }  # fmt: skip
    expect(page.locator(".fingerprint")).to_have_text(attempt.receipt)


@pytest.mark.quality("Q12")
def test_answers_given_offline_survive_a_reload_and_are_sent_later(taking: Page, live_site: str) -> None:
    blocked = f"{live_site}/api/**"
    taking.route(blocked, lambda route: route.abort())
    question(taking, CHOICE).get_by_label("Unoxidised").check()
    text_field(taking, SHORT).fill("assam")
    for place in (CHOICE, SHORT):
        expect(state(taking, place)).to_have_text("Not saved: no connection. Stored in this browser.")
    expect(taking.locator("[data-unsaved]")).to_contain_text("Not saved")
    warned: list[str] = []
    taking.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    taking.reload()
    assert warned == ["beforeunload"]
    expect(question(taking, CHOICE).get_by_label("Unoxidised")).to_be_checked()
    expect(text_field(taking, SHORT)).to_have_value("assam")
    assert AnswerEvent.objects.count() == 0
    taking.unroute(blocked)
    for place in (CHOICE, SHORT):
        expect(state(taking, place)).to_contain_text("Saved", timeout=10_000)
    expect(taking.locator("[data-unsaved]")).to_be_empty()
    assert (saved_answer(CHOICE), saved_answer(SHORT)) == ("a", "assam")
    taking.reload()
    assert warned == ["beforeunload"]  # all answers are saved, so there is no warning


@pytest.mark.quality("Q12")
def test_retries_have_increasing_delays_and_one_timer(taking: Page, live_site: str) -> None:
    tried: list[str] = []
    taking.route(f"{live_site}/api/**/answers", respond(503))
    taking.on("request", lambda request: tried.append(request.url) if request.url.endswith("/answers") else None)
    for label in ("Unoxidised", "Oxidised", "Unoxidised", "Oxidised"):
        question(taking, CHOICE).get_by_label(label, exact=True).check()
        taking.wait_for_timeout(100)
    expect(state(taking, CHOICE)).to_contain_text("server error")
    taking.wait_for_timeout(4000)
    assert 2 <= len(tried) <= 5  # at once, then after 1, 2, 4 seconds; not once for each answer and timer
    taking.unroute(f"{live_site}/api/**/answers")
    expect(state(taking, CHOICE)).to_contain_text("Saved", timeout=15_000)
    assert saved_answer(CHOICE) == "b"


def test_input_just_before_a_reload_is_not_lost(taking: Page) -> None:
    text_field(taking, TEXT).fill("A sentence that took a while")
    taking.on("dialog", lambda dialog: dialog.accept())
    taking.reload()
    expect(text_field(taking, TEXT)).to_have_value("A sentence that took a while")
    expect(state(taking, TEXT)).to_contain_text("Saved")
    assert saved_answer(TEXT) == "A sentence that took a while"


def test_a_page_rendered_before_the_save_arrived_shows_the_saved_answer(taking: Page) -> None:
    def overtaken(route: Route) -> None:
        """Respond with the page rendered before the save, after the old page got the acknowledgment."""
        before = route.fetch()
        while saved_answer(TEXT) is None:
            taking.wait_for_timeout(50)
        taking.wait_for_timeout(300)
        route.fulfill(response=before)

    taking.on("dialog", lambda dialog: dialog.accept())
    text_field(taking, TEXT).fill("A sentence that took a while")
    taking.route(taking.url, overtaken)
    taking.reload()
    expect(text_field(taking, TEXT)).to_have_value("A sentence that took a while")
    expect(state(taking, TEXT)).to_contain_text("Saved")
    text_field(taking, TEXT).fill("Another sentence")
    expect(state(taking, TEXT)).to_contain_text("Saved")
    assert saved_answer(TEXT) == "Another sentence"


def test_the_answer_is_saved_if_the_user_stays_on_the_page(taking: Page) -> None:
    taking.on("dialog", lambda dialog: dialog.dismiss())
    text_field(taking, TEXT).fill("A sentence that took a while")
    with pytest.raises(PlaywrightError, match="ERR_ABORTED"):
        taking.goto("about:blank")
    submit(taking)
    assert saved_answer(TEXT) == "A sentence that took a while"


def test_emptying_a_field_clears_the_answer(taking: Page) -> None:
    text_field(taking, NUMBER).fill("80")
    expect(state(taking, NUMBER)).to_contain_text("Saved")
    text_field(taking, NUMBER).fill("")
    expect(state(taking, NUMBER)).to_contain_text("Saved as unanswered")
    expect(taking.locator("[data-count]")).to_have_text("0")
    assert saved_answer(NUMBER) is None
    taking.reload()
    expect(text_field(taking, NUMBER)).to_have_value("")
    submit(taking)
    assert Attempt.objects.get().points_earned in (None, 0)


def test_the_page_shows_how_a_number_was_read(taking: Page) -> None:
    text_field(taking, NUMBER).fill("1,080.5")
    expect(question(taking, NUMBER).get_by_text("Read as 1080.5")).to_be_visible()
    assert run_in_thread(lambda: saved_answer(NUMBER)) == 1080.5
    text_field(taking, NUMBER).fill("80.5")
    expect(question(taking, NUMBER).get_by_text("Read as")).to_be_hidden()
    text_field(taking, NUMBER).fill("eighty")
    expect(state(taking, NUMBER)).to_have_text("Not saved: check this answer.")


def test_two_tabs_agree_and_neither_loses_its_input(taking: Page, live_site: str, context_page: Page) -> None:
    other = context_page
    text_field(taking, SHORT).fill("assam")
    expect(state(taking, SHORT)).to_contain_text("Saved")
    text_field(other, SHORT).fill("ceylon")
    expect(state(other, SHORT)).to_contain_text("A newer answer was saved in another window")
    expect(text_field(other, SHORT)).to_have_value("assam")
    expect(question(other, SHORT)).to_contain_text("ceylon")
    assert_accessible(other)
    question(other, SHORT).get_by_role("button", name="Save this answer instead").click()
    expect(state(other, SHORT)).to_contain_text("Saved")
    assert saved_answer(SHORT) == "ceylon"
    submit(taking)  # this page still shows "assam"
    assert list(Attempt.objects.get().answers.values()) == ["ceylon"]


@pytest.fixture
def context_page(taking: Page) -> Page:
    """A second tab of the same browser, on the same attempt."""
    other = taking.context.new_page()
    other.goto(taking.url)
    return other


@pytest.mark.quality("Q05")
def test_saved_answers_are_submitted_when_the_time_is_over(taking: Page) -> None:
    question(taking, CHOICE).get_by_label("Unoxidised").check()
    expect(state(taking, CHOICE)).to_contain_text("Saved")
    shorten(seconds=4)
    taking.reload()
    expect(taking.locator("[data-timer]")).to_have_class("timer short")
    taking.wait_for_url("**/review/", timeout=20_000)
    assert list(Attempt.objects.get().answers.values()) == ["a"]


def shorten(seconds: int) -> None:
    """Move the start of the running attempt so that it ends in `seconds`."""
    attempt = Attempt.objects.get()
    assert attempt.expires_at
    earlier = attempt.expires_at - attempt.started_at - timedelta(seconds=seconds)
    Attempt.objects.update(started_at=attempt.started_at - earlier, expires_at=attempt.expires_at - earlier)


def test_an_open_page_follows_an_extension(taking: Page, alice: User, quiz: Quiz, enrollment: Enrollment) -> None:
    expect(taking.locator("[data-timer]")).to_contain_text("29:")
    grant_extension(actor=alice, item=quiz, enrollment=enrollment, extra_minutes=30)
    question(taking, TRUTH).get_by_label("True").check()
    expect(taking.locator("[data-timer]")).to_contain_text("59:")
    expect(taking.locator("[data-announce]")).to_have_text("You have been given more time.")


def test_an_extension_in_the_last_seconds_keeps_the_page_open(
    taking: Page, alice: User, quiz: Quiz, enrollment: Enrollment
) -> None:
    shorten(seconds=5)
    taking.reload()
    grant_extension(actor=alice, item=quiz, enrollment=enrollment, extra_minutes=10)
    expect(taking.locator("[data-timer]")).to_contain_text("10:0", timeout=15_000)
    text_field(taking, SHORT).fill("assam")
    expect(state(taking, SHORT)).to_contain_text("Saved")


def test_answers_that_were_too_late_are_listed_on_the_review_page(
    taking: Page, live_site: str, bob: User, quiz: Quiz
) -> None:
    question(taking, CHOICE).get_by_label("Unoxidised").check()
    expect(state(taking, CHOICE)).to_contain_text("Saved")
    taking.route(f"{live_site}/api/**", lambda route: route.abort())
    text_field(taking, TEXT).fill("Half an essay.")
    expect(state(taking, TEXT)).to_contain_text("no connection")
    run_in_thread(lambda: attempts.submit_attempt(actor=bob, attempt=Attempt.objects.get()))
    taking.unroute(f"{live_site}/api/**")
    taking.wait_for_url("**/review/", timeout=15_000)
    lost = taking.locator("[data-lost]")
    expect(lost).to_be_visible()
    expect(lost.get_by_role("heading")).to_have_text("These answers were not saved")
    expect(lost).to_contain_text("Question 7")
    expect(lost).to_contain_text("Half an essay.")
    expect(lost).not_to_contain_text("Unoxidised")  # that one was submitted
    assert_accessible(taking)
    taking.reload()
    expect(lost).to_contain_text("Half an essay.")
    lost.get_by_role("button", name="Delete them").click()
    expect(lost).to_be_hidden()
    taking.reload()
    expect(lost).to_be_hidden()


def test_an_answer_with_a_lost_acknowledgment_is_not_listed_as_unsaved(
    taking: Page, live_site: str, bob: User, quiz: Quiz
) -> None:
    def save_and_drop(route: Route) -> None:
        route.fetch()
        route.abort()

    taking.route(f"{live_site}/api/**/answers", save_and_drop)
    question(taking, SELECT).get_by_label("Pu-erh").check()
    expect(state(taking, SELECT)).to_contain_text("no connection")
    run_in_thread(lambda: attempts.submit_attempt(actor=bob, attempt=Attempt.objects.get()))
    taking.unroute(f"{live_site}/api/**/answers")
    taking.wait_for_url("**/review/", timeout=15_000)
    expect(taking.locator("[data-lost]")).to_be_hidden()
    assert list(Attempt.objects.get().answers.values()) == [["y"]]


def test_a_logged_out_student_continues_after_a_login_in_another_tab(taking: Page, live_site: str, bob: User) -> None:
    taking.context.clear_cookies()
    text_field(taking, SHORT).fill("assam")
    alert = taking.locator("[data-alert]")
    expect(alert).to_contain_text("You are logged out")
    expect(state(taking, SHORT)).to_have_text("Not saved. Stored in this browser.")
    with taking.context.expect_page() as opened:
        alert.get_by_role("link", name="Log in in another tab").click()
    tab = opened.value
    tab.get_by_label("Email").fill(bob.email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("main").get_by_role("button", name="Log in").click()
    tab.wait_for_url("**/dashboard/")
    tab.close()
    expect(state(taking, SHORT)).to_contain_text("Saved", timeout=20_000)
    expect(alert).to_be_hidden()
    assert saved_answer(SHORT) == "assam"


def test_an_unavailable_attempt_keeps_its_answers_readable(taking: Page, quiz: Quiz) -> None:
    Quiz.objects.update(is_published=False)
    text_field(taking, SHORT).fill("assam")
    alert = taking.locator("[data-alert]")
    expect(alert).to_contain_text("no longer available")
    expect(alert).to_contain_text("Question 3")
    expect(alert).to_contain_text("assam")
    Quiz.objects.update(is_published=True)
    expect(state(taking, SHORT)).to_contain_text("Saved", timeout=20_000)
    expect(alert).to_be_hidden()


def test_a_cleared_answer_is_shown_as_no_answer(page: Page, live_site: str, bob: User, quiz: Quiz) -> None:
    attempt = begin(bob, quiz)
    key = attempt.layout[SHORT][0]
    for text in ("assam", ""):
        attempts.save_answers(actor=bob, attempt=attempt, answers={key: text})
    log_in(page, live_site, bob)
    open_attempt(page, live_site, attempt)
    expect(text_field(page, SHORT)).to_have_value("")
    submit(page)
    expect(page.get_by_text("null")).to_have_count(0)
    expect(page.get_by_label("Question 3").first).to_contain_text("No answer")


def test_the_attempt_is_not_submitted_while_an_answer_is_unsaved(taking: Page, live_site: str) -> None:
    taking.route(f"{live_site}/api/**/answers", respond(503))
    text_field(taking, SHORT).fill("assam")
    taking.get_by_role("button", name="Submit quiz").click()
    expect(taking.get_by_role("dialog")).to_contain_text("Unanswered: 1, 2, 4, 5, 6, 7")
    taking.get_by_role("button", name="Submit now").click()
    expect(taking.locator("[data-alert]")).to_contain_text("Not submitted")
    assert Attempt.objects.get().is_running
    taking.unroute(f"{live_site}/api/**/answers")
    submit(taking)
    assert list(Attempt.objects.get().answers.values()) == ["assam"]
