"""All routes of the URLconf, for tests that must cover every address of the site."""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from courses.models import Course
from enrollments.models import Enrollment

# Django tests the permission checks of the admin's views itself.
EXCLUDED = ("admin/",)
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>")


def list_routes() -> list[str]:
    """Return every route outside the admin, such as `courses/<course_id>/publish`, in the order of the URLconf."""
    return [route for route in _walk(get_resolver().url_patterns, "") if not route.startswith(EXCLUDED)]


def _walk(patterns: list[Any], prefix: str) -> Iterator[str]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route


def list_paths(prefix: str, *, course: Course, enrollment: Enrollment) -> list[str]:
    """Return every path below `prefix` with its placeholders replaced by values of these rows."""
    return [
        path
        for route in list_routes()
        if (path := fill_placeholders(route, placeholder_values(course, enrollment))).startswith(prefix)
    ]


def placeholder_values(course: Course, enrollment: Enrollment) -> dict[str, str]:
    """Return the values of placeholders for a course and an enrollment; unknown placeholders get an id of no row."""
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


def fill_placeholders(route: str, values: dict[str, str]) -> str:
    """Return the path of a route: `<uuid:lesson_id>` is replaced by `values["lesson_id"]`."""
    return "/" + PLACEHOLDER.sub(lambda found: values[found[1]], route)
