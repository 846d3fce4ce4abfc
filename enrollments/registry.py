"""What enrolments must ask of the apps above them, which register their answers in `AppConfig.ready()`.

A course is completed when nothing is missing (quizzes and assignments add to what can be missing), and a paid course is
open to whom the payments say it is.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from enrollments.models import Enrollment, GradedItem

# Each returns, in words, what the student still has to do; nothing when they have done it.
Requirement = Callable[[Enrollment], list[str]]
# Each returns whether this user has paid for this course, by this payment where one is named.
PaymentCheck = Callable[[Any, Any, uuid.UUID | None], bool]

# Each returns, in words, what the student still has to do for one lesson: its quiz, its assignment.
LessonRequirement = Callable[[Enrollment, Any], list[str]]

# Each returns the address of the page where students do a piece of graded work of its kind.
ItemPage = Callable[[GradedItem], str]


@dataclass(frozen=True)
class Work:
    """A piece of work of a course as one student finds it in the learning room.

    `kind` is an `ItemKind`; `state` says in words how far the student is ("Passed, 92%", "2 attempts left").
    """

    kind: str
    title: str
    url: str
    lesson_id: uuid.UUID | None
    state: str
    due_at: datetime | None
    is_required: bool
    is_done: bool = False


# Each returns the published work of one app in the course of an enrolment. Few queries, whatever the number of items.
Coursework = Callable[[Enrollment], list[Work]]

requirements: list[Requirement] = []
coursework: list[Coursework] = []
lesson_requirements: list[LessonRequirement] = []
payment_checks: list[PaymentCheck] = []
item_pages: dict[str, ItemPage] = {}  # by ItemKind


def missing_for_completion(enrollment: Enrollment) -> list[str]:
    """Return, in words, everything that stands between this enrolment and its completion."""
    return [thing for requirement in requirements for thing in requirement(enrollment)]


def missing_for_lesson(enrollment: Enrollment, lesson: Any) -> list[str]:
    """Return, in words, the work that stands between this enrolment and the completion of one lesson."""
    return [thing for requirement in lesson_requirements for thing in requirement(enrollment, lesson)]


def work_for(enrollment: Enrollment) -> list[Work]:
    """Return all the work that hangs on the enrolment's course, app by app."""
    return [work for of_one_app in coursework for work in of_one_app(enrollment)]


def has_paid(user: Any, course: Any, payment_id: uuid.UUID | None) -> bool:
    """Return whether any of the registered checks says that `user` has paid for `course`."""
    return any(check(user, course, payment_id) for check in payment_checks)


def page_of_item(item: GradedItem) -> str:
    """Return the address where students do `item`; the learning room where nobody has a page for its kind.

    Needs the item's course.
    """
    page = item_pages.get(item.kind)
    return page(item) if page else reverse("enrollments:learn", args=[item.course.slug])
