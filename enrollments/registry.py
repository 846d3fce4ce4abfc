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


@dataclass(frozen=True)
class MissingWork:
    """An unmet requirement for completing a course or a lesson: a text such as "the quiz “Grind”", and its page."""

    text: str
    url: str = ""


# Returns what the student still has to do to complete the course; empty if the requirement is met.
Requirement = Callable[[Enrollment], list[MissingWork]]

# Returns whether a user has paid for a course; with the given payment, if it is not None.
PaymentCheck = Callable[[Any, Any, uuid.UUID | None], bool]

# Returns what the student still has to do to complete a lesson, such as its quiz.
LessonRequirement = Callable[[Enrollment, Any], list[MissingWork]]

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


@dataclass(frozen=True)
class WaitingWork:
    """Work of one kind that awaits grading: how many, where, and the page to grade it."""

    title: str
    course_title: str
    count: int
    url: str


# Returns the work that a user may grade and that is not in the queue of submissions. A constant number of queries.
WaitingWorkSource = Callable[[Any], list[WaitingWork]]

# Returns the work of some enrollments by enrollment id and item id: True if it is submitted, False if it was returned
# and has to be submitted again. Work that was never submitted is missing. A constant number of queries.
SubmittedWork = Callable[[Collection[uuid.UUID]], dict[tuple[uuid.UUID, uuid.UUID], bool]]

requirements: Registry[Requirement] = Registry("a requirement for completing a course")
coursework: Registry[CourseworkSource] = Registry("coursework")
lesson_requirements: Registry[LessonRequirement] = Registry("a requirement for completing a lesson")
payment_checks: Registry[PaymentCheck] = Registry("a payment check")
waiting_work: Registry[WaitingWorkSource] = Registry("work that awaits grading")
submitted_work: Registry[SubmittedWork] = Registry("submitted work")
item_pages: Registry[ItemPage] = Registry("the page of a type of graded item")  # by ItemKind


def list_missing_work(enrollment: Enrollment) -> list[MissingWork]:
    """Return all unmet requirements for completing the course."""
    return [missing for requirement in requirements for missing in requirement(enrollment)]


def missing_for_completion(enrollment: Enrollment) -> list[str]:
    """Return texts that describe all unmet requirements for completing the course."""
    return [missing.text for missing in list_missing_work(enrollment)]


def missing_for_lesson(enrollment: Enrollment, lesson: Any) -> list[str]:
    """Return texts that describe all unmet requirements for completing the lesson."""
    return [missing.text for requirement in lesson_requirements for missing in requirement(enrollment, lesson)]


def list_coursework(enrollment: Enrollment) -> list[CourseworkItem]:
    """Return the published coursework of the enrollment's course, grouped by app."""
    return [item for source in coursework for item in source(enrollment)]


def list_waiting_work(user: Any) -> list[WaitingWork]:
    """Return the work outside of the queue of submissions that `user` may grade and that awaits grading."""
    return [work for source in waiting_work for work in source(user)]


def has_paid(user: Any, course: Any, payment_id: uuid.UUID | None) -> bool:
    """Return whether any registered payment check finds a payment of `user` for `course`."""
    return any(check(user, course, payment_id) for check in payment_checks)


def get_item_url(item: GradedItem) -> str:
    """Return the URL where students work on `item`; the learning room if its kind has no page.

    Needs the item's course.
    """
    page = item_pages.get(item.kind)
    return page(item) if page else reverse("enrollments:learn", args=[item.course.slug])
