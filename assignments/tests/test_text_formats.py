"""Submitted texts are shown as they were typed, unless the student chose Markdown; feedback keeps its line breaks."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from assignments import grading, submissions
from assignments.models import Submission, TextFormat
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments.models import Enrollment

TYPED = "    if x:\n        return x*2*x\n\n<b>not bold</b>"
SHOWN = "    if x:\n        return x*2*x\n\n&lt;b&gt;not bold&lt;/b&gt;"


def test_a_text_is_shown_as_typed_to_student_and_grader(
    alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    assignment = write_assignment(course)
    address = assignment.get_absolute_url()
    browser_of(bob).post(address, {"content": f"\n  \n{TYPED}\n\n".replace("\n", "\r\n")})
    made = Submission.objects.get()
    assert (made.content, made.text_format) == (TYPED, TextFormat.PLAIN)
    for person, page in ((bob, address), (alice, f"/teach/grading/{made.pk}/")):
        assert SHOWN in browser_of(person).get(page).content.decode()


def test_a_text_is_formatted_if_the_student_chose_markdown(
    bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    assignment = write_assignment(course)
    browser = browser_of(bob)
    browser.post(assignment.get_absolute_url(), {"content": "a *b* $x^2$", "is_markdown": "on"})
    page = browser.get(assignment.get_absolute_url())
    assert "<em>b</em>" in page.content.decode()
    assert "<math" in page.content.decode()
    assert page.context["form"].initial["is_markdown"] is True


@pytest.mark.parametrize("text_format", [None, "plain", "markdown", "html"])
def test_the_api_takes_the_format(
    text_format: str | None, bob: User, course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    assignment = write_assignment(course)
    body = {"content": TYPED} if text_format is None else {"content": TYPED, "format": text_format}
    response = api_of(bob).post(f"/api/v1/assignments/{assignment.pk}/submit", body)
    if text_format == "html":
        assert response.status_code == 400
        return
    assert response.status_code == 201
    assert (response.json()["content"], response.json()["format"]) == (TYPED, text_format or "plain")


def test_feedback_is_markdown_with_its_line_breaks(
    alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    made = submissions.submit(actor=bob, assignment=write_assignment(course), content="A pot")
    grading.grade_submission(actor=alice, submission=made, grade=5, feedback="Good *tea*.\nBad pot.")
    page = browser_of(bob).get(made.assignment.get_absolute_url()).content.decode()
    assert "Good <em>tea</em>.<br>\nBad pot." in page
