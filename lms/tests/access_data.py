"""Fixtures with the data of the access table, for tests with their own transactions.

For all other tests the data is created once per module (`access_fixtures.py`).
"""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase

from accounts.models import LoginSession, User
from accounts.tokens import start_session
from assignments import services as assignments
from assignments.grading import grade_submission
from assignments.submissions import submit
from assignments.tests.samples import write_assignment
from courses.attachments import attach_file
from courses.services import create_course
from enrollments import services as enrollments
from enrollments.bulk_enrollment import import_students
from enrollments.join_links import create_join_link
from enrollments.rooms import course_room
from enrollments.roster_import import read_pasted
from files.tests.samples import PDF
from payments.models import Coupon
from quizzes.attempts import start_attempt
from quizzes.editor import add_question, create_quiz, set_published
from realtime import chat
from tools.testing.plugin import buy_course, complete_all_lessons, make_course, make_graded_item


@pytest.fixture
def people(alice: User, bob: User, carol: User, dan: User, erin: User) -> dict[str, User | None]:
    """Return the users of the table's columns."""
    return {"visitor": None, "bob": bob, "carol": carol, "alice": alice, "erin": erin, "dan": dan}


@pytest.fixture
def values(people: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the table's placeholders."""
    return furnish(people)


def furnish(people: dict[str, Any]) -> dict[str, Any]:
    """Create the data of the table; return the values of its placeholders."""
    alice, bob = people["alice"], people["bob"]
    course = make_course(alice)
    enrollment = enrollments.enroll(actor=bob, user=bob, course=course)
    draft = create_course(actor=alice, title="A draft")
    done_course = make_course(alice, "Cocoa", lessons=1)
    with TestCase.captureOnCommitCallbacks(execute=True):  # renders the certificate
        done = complete_all_lessons(enrollments.enroll(actor=bob, user=bob, course=done_course))
    enrollments.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=course.lessons.last().pk)
    start_session(user=bob)
    order = buy_course(bob, make_course(alice, "Cider", price_cents=900), refunded=900)
    lessons = list(course.lessons.all())
    task = write_assignment(course)
    brief = assignments.attach_file(actor=alice, assignment=task, content=SimpleUploadedFile("b.pdf", PDF)).file_id
    submission = submit(actor=bob, assignment=task, content="Mine.")
    grade_submission(actor=alice, submission=submission, grade=7)
    quiz = create_quiz(actor=alice, course=course, title="A quiz")
    question = add_question(actor=alice, quiz=quiz, question_type="essay", question_text="Why?")
    quiz = set_published(actor=alice, quiz=quiz, published=True)
    attempt, _made = start_attempt(actor=bob, quiz=quiz)
    link = create_join_link(actor=alice, course=course)
    preview = read_pasted("Wanda Vale <wanda@example.com>")
    made = import_students(actor=alice, course=course, preview=preview, notify=False)
    chat.post(actor=bob, room=course_room(course), text="Hello.")
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
        "import": made.import_id,
        "link": link.pk,
        "key": link.key,
        "session": LoginSession.objects.get(user=bob).pk,
        "item": make_graded_item(course).pk,
        "file": attach_file(actor=alice, lesson=lessons[1], content=SimpleUploadedFile("a.pdf", PDF)).file_id,
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
