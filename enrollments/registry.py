"""Registries for functions of higher apps that enrollments depend on.

Higher apps register in their `integrations.py`: quizzes and assignments add requirements for completion and entries of
the course outline, payments decide whether a user has paid for a course.
"""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from core.registry import Registry
from enrollments.models import Enrollment, GradedItem

# Returns texts that describe what the student still has to do to complete the course; empty if the requirement is met.
Requirement = Callable[[Enrollment], list[str]]

# Returns whether a user has paid for a course; with the given payment, if it is not None.
PaymentCheck = Callable[[Any, Any, uuid.UUID | None], bool]

# Returns texts that describe what the student still has to do to complete a lesson, such as its quiz.
LessonRequirement = Callable[[Enrollment, Any], list[str]]

# Returns the URL of the page where students work on a graded item.
ItemPage = Callable[[GradedItem], str]


@dataclass(frozen=True)
class CourseworkItem:
    """A quiz or an assignment in the learning room of one student.

    `kind` is an `ItemKind`; `state` is a short text about the student's progress ("Passed, 92%", "2 attempts left").
    """

    kind: str
    title: str
    url: str
    lesson_id: uuid.UUID | None
    state: str
    due_at: datetime | None
    is_required: bool
    is_done: bool = False


# Returns the published coursework of one app in the course of an enrollment, in a constant number of queries.
CourseworkSource = Callable[[Enrollment], list[CourseworkItem]]

# Returns the work of some enrollments by enrollment id and item id: True if it is submitted, False if it was returned
# and has to be submitted again. Work that was never submitted is missing. A constant number of queries.
SubmittedWork = Callable[[Collection[uuid.UUID]], dict[tuple[uuid.UUID, uuid.UUID], bool]]

requirements: Registry[Requirement] = Registry("a requirement for completing a course")
coursework: Registry[CourseworkSource] = Registry("coursework")
lesson_requirements: Registry[LessonRequirement] = Registry("a requirement for completing a lesson")
payment_checks: Registry[PaymentCheck] = Registry("a payment check")
submitted_work: Registry[SubmittedWork] = Registry("submitted work")
item_pages: Registry[ItemPage] = Registry("the page of a type of graded item")  # by ItemKind


def missing_for_completion(enrollment: Enrollment) -> list[str]:
    """Return texts that describe all unmet requirements for completing the course."""
    return [text for requirement in requirements for text in requirement(enrollment)]


def missing_for_lesson(enrollment: Enrollment, lesson: Any) -> list[str]:
    """Return texts that describe all unmet requirements for completing the lesson."""
    return [text for requirement in lesson_requirements for text in requirement(enrollment, lesson)]


def list_coursework(enrollment: Enrollment) -> list[CourseworkItem]:
    """Return the published coursework of the enrollment's course, grouped by app."""
    return [item for source in coursework for item in source(enrollment)]


def has_paid(user: Any, course: Any, payment_id: uuid.UUID | None) -> bool:
    """Return whether any registered payment check finds a payment of `user` for `course`."""
    return any(check(user, course, payment_id) for check in payment_checks)


def get_item_url(item: GradedItem) -> str:
    """Return the URL where students work on `item`; the learning room if its kind has no page.

    Needs the item's course.
    """
    page = item_pages.get(item.kind)
    return page(item) if page else reverse("enrollments:learn", args=[item.course.slug])
