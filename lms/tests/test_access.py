"""Every address by every person, from one table; an address that the table does not know fails (QUALITY X01)."""

import json
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, resolve
from rest_framework.test import APIClient

from accounts.models import LoginSession, User
from accounts.tokens import start_session
from assignments import services as assignments
from assignments.grading import grade_submission
from assignments.handing_in import submit
from assignments.tests.samples import write_assignment
from courses.attachments import attach
from courses.models import Course
from courses.services import create_course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from enrollments.rooms import room_of
from files.tests.samples import PDF
from lms.testing.plugin import buy_course, complete_all_lessons, graded_item, make_course
from lms.testing.urls import routes
from lms.tests.access_table import BODIES, PEOPLE, rows
from payments.models import Coupon
from quizzes.attempts import start
from quizzes.authoring import add_question, create_quiz, set_published
from realtime import chat


@pytest.fixture
def people(alice: User, bob: User, carol: User, dan: User, erin: User) -> dict[str, User | None]:
    return {"visitor": None, "bob": bob, "carol": carol, "alice": alice, "erin": erin, "dan": dan}


@pytest.fixture
def values(
    people: dict[str, Any],
    course: Course,
    enrollment: Enrollment,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> dict[str, Any]:
    """What the table's placeholders stand for."""
    alice, bob = people["alice"], people["bob"]
    draft = create_course(actor=alice, title="A draft")
    done_course = make_course(alice, "Cocoa", lessons=1)
    with django_capture_on_commit_callbacks(execute=True):  # prints the certificate
        done = complete_all_lessons(enrollments.enroll(actor=bob, user=bob, course=done_course))
    enrollments.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=course.lessons.last().pk)
    start_session(user=bob)
    order = buy_course(bob, make_course(alice, "Cider", price_cents=900), refunded=900)
    lessons = list(course.lessons.all())
    task = write_assignment(course)
    brief = assignments.attach(actor=alice, assignment=task, content=SimpleUploadedFile("b.pdf", PDF)).file_id
    submission = submit(actor=bob, assignment=task, content="Mine.")
    grade_submission(actor=alice, submission=submission, grade=7)
    quiz = create_quiz(actor=alice, course=course, title="A quiz")
    question = add_question(actor=alice, quiz=quiz, question_type="essay", question_text="Why?")
    quiz = set_published(actor=alice, quiz=quiz, published=True)
    attempt, _made = start(actor=bob, quiz=quiz)
    chat.post(actor=bob, room=room_of(course), text="Hello.")
    return {
        "quiz": quiz.pk,
        "question": question.pk,
        "attempt": attempt.pk,
        "course": course.pk,
        "slug": course.slug,
        "draft": draft.pk,
        "draft_slug": draft.slug,
        "lesson": lessons[0].pk,
        "closed": lessons[1].pk,
        "section": lessons[0].section_id,
        "lessons": [str(lesson.pk) for lesson in lessons],
        "enrollment": enrollment.pk,
        "done": done.pk,
        "done_course": done_course.pk,
        "certificate": done.certificate.pk,
        "number": done.certificate.certificate_number,
        "review": enrollments.write_review(actor=bob, course=done_course, rating=5, comment="").pk,
        "session": LoginSession.objects.get(user=bob).pk,
        "item": graded_item(course).pk,
        "file": attach(actor=alice, lesson=lessons[1], content=SimpleUploadedFile("a.pdf", PDF)).file_id,
        "assignment": task.pk,
        "brief": brief,
        "submission": submission.pk,
        "change": submission.grade_changes.get().pk,
        "alice": alice.pk,
        "bob": bob.pk,
        "priced": order.course_id,
        "priced_slug": order.course.slug,
        "order": order.pk,
        "payment": order.payment.pk,
        "intent": order.stripe_payment_intent_id,
        "coupon": Coupon.objects.create(code="LESS", percent_off=10).pk,
    }


def client_for(path: str, user: User | None) -> Client:
    """A browser for pages; for the API a client with a real token."""
    if path.startswith("/api/"):
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user=user).access_token}")
        return client
    browser = Client()
    if user is not None:
        browser.force_login(user)
    return browser


def body_of(method: str, path: str, values: dict[str, Any]) -> dict[str, Any]:
    body = BODIES.get(f"{method} {path}", {})
    return {name: values.get(text.strip("{}"), text) if isinstance(text, str) else text for name, text in body.items()}


def ask(client: Client, method: str, path: str, body: dict[str, Any]) -> int:
    if path.startswith("/api/"):
        text = json.dumps(body, default=str)
        return client.generic(method, path, text, content_type="application/json").status_code
    return client.post(path, body).status_code if method == "POST" else client.get(path).status_code


@pytest.mark.quality("X01")
@pytest.mark.parametrize(
    ("method", "path", "expected"), rows(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_person_gets_what_the_table_says(
    method: str, path: str, expected: list[int], people: dict[str, Any], values: dict[str, Any]
) -> None:
    address = path.format(**values)
    seen = []
    for name in PEOPLE:
        with transaction.atomic():  # each person finds the world as it was
            seen.append(ask(client_for(address, people[name]), method, address, body_of(method, path, values)))
            transaction.set_rollback(True)
    assert dict(zip(PEOPLE, seen, strict=True)) == dict(zip(PEOPLE, expected, strict=True))


def methods_by_route() -> set[tuple[str, str]]:
    """Every method that a viewset of ours takes, with its route."""
    found = set()
    for route in routes():
        match = _callback(route)
        for method in getattr(match, "actions", None) or {}:
            if method != "head":  # every GET has one
                found.add((method.upper(), route))
    return found


def _callback(route: str) -> Any:
    def walk(patterns: list[Any], prefix: str) -> Any:
        for entry in patterns:
            here = prefix + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                found = walk(entry.url_patterns, here)
                if found is not None:
                    return found
            elif here == route:
                return entry.callback
        return None

    return walk(get_resolver().url_patterns, "")


@pytest.mark.quality("X01")
def test_the_table_knows_every_address_and_every_method_of_the_api() -> None:
    nil = defaultdict(
        lambda: uuid.UUID(int=0), slug="tea", draft_slug="draft", priced_slug="cider", number="AAAAA", change=1
    )
    known = {(method, resolve(path.format_map(nil).partition("?")[0]).route) for method, path, _statuses in rows()}
    assert set(routes()) - {route for _method, route in known} == set()
    assert methods_by_route() - known == set()


@pytest.mark.quality("X01")
def test_what_may_not_be_seen_answers_as_what_does_not_exist(
    values: dict[str, Any], carol: User, api_of: Callable[[User], APIClient]
) -> None:
    client = api_of(carol)
    hidden = ["courses/{draft}", "enrollments/{enrollment}", "certificates/{certificate}"]
    hidden += ["orders/{order}", "payments/{payment}"]
    for path in hidden:
        there = client.get(f"/api/v1/{path.format(**values)}")
        nowhere = client.get(f"/api/v1/{path.split('/')[0]}/{uuid.uuid4()}")
        assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
