"""Every address of the site, as the URL conf has it; tests walk it so that no new one is forgotten."""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from courses.models import Course
from enrollments.models import Enrollment

# What belongs to others: Django's admin has its own tests, and its own permission checks for every view.
NOT_OURS = ("admin/",)
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")


def routes() -> list[str]:
    """Return every route of our own as it is written, `courses/<course_id>/publish` for one, in the conf's order."""
    return [route for route in _walk(get_resolver().url_patterns, "") if not route.startswith(NOT_OURS)]


def _walk(patterns: list[Any], prefix: str) -> Iterator[str]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route


def concrete_paths(prefix: str, *, course: Course, enrollment: Enrollment) -> list[str]:
    """Return every path below `prefix` with its placeholders filled in from these rows."""
    return [path for route in routes() if (path := fill_in(route, values_of(course, enrollment))).startswith(prefix)]


def values_of(course: Course, enrollment: Enrollment) -> dict[str, str]:
    """Return what each placeholder stands for, in a world of one course with one enrolment in it; an id that nothing
    has for all others."""
    lesson = course.lessons.order_by("order")[0]
    known = {
        "course_id": str(course.pk),
        "slug": course.slug,
        "lesson_id": str(lesson.pk),
        "section_id": str(lesson.section_id),
        "enrollment_id": str(enrollment.pk),
        "user_id": str(enrollment.user_id),
        "instructor_id": str(course.instructor_id),
        "token": "nonsense",
        "certificate_number": "AAAAA-AAAAA-AAAAA-AAAAA",
        "payment_intent_id": "pi_none",
        "number": "1",
        "width": "640",
        "change_id": "1",
        "name": "none.eml",
    }
    return defaultdict(lambda: str(uuid.UUID(int=1)), known)


def fill_in(route: str, values: dict[str, str]) -> str:
    """Return the path of a route: `<uuid:lesson_id>` becomes the lesson's id."""
    return "/" + PLACEHOLDER.sub(lambda found: values[found[1]], route)
