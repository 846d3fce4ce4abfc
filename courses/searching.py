"""Courses, as anybody finds them from anywhere."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from courses.search import search
from lms.platform import searching


def find_courses(user: Any, text: str) -> Iterator[searching.Hit]:
    """Yield the courses that `user` may see, the best match first; the catalogue's own search (courses.search)."""
    found = search(Course.objects.visible_to(user).select_related("instructor"), text)
    for course in found[: searching.HITS_OF_A_KIND]:
        yield searching.Hit(course.title, course.instructor.full_name, reverse("courses:course", args=[course.slug]))


searching.register(searching.Source("courses", _("Courses"), "book-open", find_courses))
