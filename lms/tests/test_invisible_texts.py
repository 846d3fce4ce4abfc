"""Texts that show nothing are refused, and joiners in names are accepted; on the API and on the pages alike."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from assignments.models import Assignment, Submission
from assignments.tests.samples import write_assignment
from courses.models import Category, Course, Section
from enrollments.models import Enrollment, GradedItem, Review
from quizzes.models import QuestionVersion
from quizzes.tests.conftest import make_quiz
from realtime.models import Announcement
from realtime.models.chat import Message

BLANK = ["\u3164", "\u200b", "\u2800\u00a0", "\u200e \u2069", "\ufeff\u00ad", "\U000e0020"]
JOINED = {
    "Persian": "نیک\u200cروز زاده",
    "Hindi": "श्\u200dयाम क्\u200dष",
    "Sinhala": "ශ්\u200dරී ලංකා",
    "Hebrew with a mark": "\u200fשרה",
    "no-break space": "Anna\u00a0Maria",
}
refused = pytest.mark.parametrize("text", BLANK, ids=ascii)
ONE_LINE = ["two\nlines", "two\u2028lines", "tab\tbed", "over\u202eride"]


def register(name: str) -> tuple[int, int]:
    """Register with a name on the API and on the page; return both statuses."""
    fields = {"password": "a long walk home", "full_name": name}
    return (
        APIClient().post("/api/v1/users/", {**fields, "email": "api@example.com"}).status_code,
        Client().post(reverse("accounts:register"), {**fields, "email": "page@example.com"}).status_code,
    )


@pytest.mark.quality("U05")
@pytest.mark.parametrize("name", JOINED.values(), ids=JOINED)
def test_names_with_joiners_are_stored_as_typed(
    name: str, carol: User, api_of: Callable[[User], APIClient], browser_of: Callable[[User], Client]
) -> None:
    assert register(name) == (201, 302)
    assert set(User.objects.exclude(pk=carol.pk).values_list("full_name", flat=True)) == {name}
    assert api_of(carol).put("/api/v1/users/me", {"full_name": name}).json()["full_name"] == name
    assert browser_of(carol).post(reverse("accounts:profile"), {"full_name": name}).status_code == 302


@pytest.mark.quality("U05")
@pytest.mark.parametrize("name", [*BLANK, *ONE_LINE], ids=ascii)
def test_names_that_show_nothing_or_break_the_line_are_refused(
    name: str, carol: User, api_of: Callable[[User], APIClient], browser_of: Callable[[User], Client]
) -> None:
    assert register(name) == (400, 200)
    assert api_of(carol).put("/api/v1/users/me", {"full_name": name}).status_code == 400
    assert browser_of(carol).post(reverse("accounts:profile"), {"full_name": name}).status_code == 200
    assert list(User.objects.values_list("full_name", flat=True)) == [carol.full_name]


@refused
def test_titles_that_show_nothing_are_refused(
    text: str, alice: User, course: Course, category: Category, api_of: Any, browser_of: Any
) -> None:
    api, page, lesson = api_of(alice), browser_of(alice), course.lessons.get(order=1)
    of_course, teach = f"/api/v1/courses/{course.pk}", f"/teach/courses/{course.slug}"
    quiz = make_quiz(alice, course, title="Leaves")
    answers = [
        api.post("/api/v1/courses/", {"title": text, "description": "x", "category_id": category.pk}),
        api.patch(of_course, {"title": text}),
        api.post(f"{of_course}/lessons/", {"title": text}),
        api.patch(f"{of_course}/lessons/{lesson.pk}", {"title": text}),
        api.post("/api/v1/quizzes/", {"course_id": course.pk, "title": text}),
        api.patch(f"/api/v1/quizzes/{quiz.pk}", {"title": text}),
        api.post("/api/v1/assignments/", {"course_id": course.pk, "title": text, "points_possible": 1}),
        api.put("/api/v1/instructors/me", {"title": text}),
    ]
    assert [(answer.status_code, answer.json()["errors"][0]["attr"]) for answer in answers] == [(400, "title")] * 8
    page.post(reverse("courses:create"), {"title": text, "description": "x", "language": "en", "level": "beginner"})
    page.post(f"{teach}/sections/", {"title": text})
    page.post(f"{teach}/lessons/new/", {"title": text})
    page.post(f"{teach}/quizzes/", {"title": text})
    page.post(f"{teach}/assignments/new/", {"title": text, "points_possible": 1})
    for model in (Course, Section, GradedItem):
        assert not model.objects.filter(title=text).exists()
    assert not course.lessons.filter(title=text).exists()


@refused
def test_messages_and_reviews_that_show_nothing_are_refused(
    text: str, alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Any, browser_of: Any
) -> None:
    of_course, learn = f"/api/v1/courses/{course.pk}", f"/learn/{course.slug}"
    assert api_of(bob).post(f"{of_course}/messages/", {"text": text}).status_code == 400
    assert browser_of(bob).post(f"{learn}/chat/", {"text": text}).status_code != 500
    assert api_of(bob).post(f"{of_course}/reviews/", {"rating": 5, "comment": text}).status_code == 400
    browser_of(bob).post(f"/courses/{course.slug}/review/", {"rating": 5, "comment": text})
    for fields in ({"subject": text, "text": "x"}, {"subject": "x", "text": text}):
        assert api_of(alice).post(f"{of_course}/announcements/", fields).status_code == 400
        assert browser_of(alice).post(f"/teach/courses/{course.slug}/announcements/", fields).status_code == 200
    assert not Message.objects.exists()
    assert not Announcement.objects.exists()
    assert not Review.objects.exists()


@refused
def test_submissions_that_show_nothing_are_refused(
    text: str, bob: User, course: Course, enrollment: Enrollment, api_of: Any, browser_of: Any
) -> None:
    assignment: Assignment = write_assignment(course)
    answer = api_of(bob).post(f"/api/v1/assignments/{assignment.pk}/submit", {"content": text})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "nothing_handed_in")
    browser_of(bob).post(reverse("assignments:assignment", args=[course.slug, assignment.pk]), {"content": text})
    assert not Submission.objects.exists()


@refused
def test_questions_and_options_that_show_nothing_are_refused(
    text: str, alice: User, course: Course, api_of: Any, browser_of: Any
) -> None:
    quiz = make_quiz(alice, course, [{"question_type": "essay", "question_text": "Why?", "points": 1}])
    path, choices = f"/api/v1/quizzes/{quiz.pk}/questions/", [{"text": "Tea", "is_correct": True}, {"text": text}]
    essay = {"question_type": "essay", "question_text": text}
    assert api_of(alice).post(path, essay).status_code == 400
    choice = {"question_type": "multiple_choice", "question_text": "What?", "options": choices}
    assert api_of(alice).post(path, choice).status_code == 400
    key = {"question_type": "short_answer", "question_text": "What?", "correct_answer": text}
    assert api_of(alice).post(path, key).status_code == 400
    page = reverse("quizzes:add_question", args=[quiz.pk])
    browser_of(alice).post(f"{page}?type=essay", {"question_text": text, "points": 1})
    browser_of(alice).post(f"{page}?type=short_answer", {"question_text": "What?", "correct_answer": text, "points": 1})
    assert QuestionVersion.objects.count() == 1
