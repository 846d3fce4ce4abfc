"""Submitted work is not due any more, whether it is graded or not: dashboard, calendar, feed, and students at risk."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from analytics.risk import risk_reasons
from assignments import grading, submissions
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments.calendar import get_calendar_feed
from enrollments.models import Enrollment, GradedItem
from quizzes import attempts
from quizzes.tests.conftest import ESSAY, begin, make_quiz

TITLE = "A pot of tea"
NOW = timezone.now()
DUE = NOW + timedelta(days=2)


@pytest.fixture(params=["assignment", "quiz"])
def item(request: pytest.FixtureRequest, alice: User, course: Course, enrollment: Enrollment) -> GradedItem:
    """Work that is due in two days and graded by hand."""
    if request.param == "assignment":
        return write_assignment(course, title=TITLE, due_at=DUE)
    return make_quiz(alice, course, [ESSAY], title=TITLE, due_at=DUE)


def submit(bob: User, item: GradedItem) -> None:
    if item.kind == "assignment":
        submissions.submit(actor=bob, assignment=item.assignment, content="A pot")
    else:
        attempts.submit_attempt(actor=bob, attempt=begin(bob, item.quiz))


def read_pages(browser: Client, bob: User, enrollment: Enrollment) -> dict[str, bool]:
    """Return which places say that the work is due or was missed."""
    pages = {name: browser.get(f"/{name}/").content.decode() for name in ("dashboard", "calendar")}
    return {
        "dashboard": TITLE in pages["dashboard"],
        "overdue": "Overdue" in pages["calendar"],
        "feed": TITLE in Client().get(f"/calendar/{get_calendar_feed(bob).token}.ics").content.decode(),
        "risk": bool(risk_reasons(enrollment)),
    }


@pytest.mark.parametrize("is_submitted", [True, False])
def test_submitted_work_is_due_nowhere(
    is_submitted: bool, item: GradedItem, bob: User, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(bob)
    if is_submitted:
        submit(bob, item)
    before = read_pages(browser, bob, enrollment)
    assert (before["dashboard"], before["feed"]) == (not is_submitted, not is_submitted)
    with time_machine.travel(DUE + timedelta(days=1), tick=False):
        after = read_pages(browser_of(bob), bob, enrollment)
    assert [after[name] for name in ("overdue", "feed", "risk")] == [not is_submitted] * 3


def test_returned_work_is_due_again(
    alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    assignment = write_assignment(course, title=TITLE, due_at=DUE)
    made = submissions.submit(actor=bob, assignment=assignment, content="A pot")
    grading.grade_submission(actor=alice, submission=made, grade=3, return_for_revision=True)
    assert read_pages(browser_of(bob), bob, enrollment)["dashboard"]
    submissions.submit(actor=bob, assignment=assignment, content="Two pots")
    assert not read_pages(browser_of(bob), bob, enrollment)["dashboard"]
