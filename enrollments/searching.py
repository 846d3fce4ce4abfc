"""Lessons, as those who may read them find them from anywhere."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Lesson
from lms.platform import searching


def find_lessons(user: Any, text: str) -> Iterator[searching.Hit]:
    """Yield the published lessons with these words in their title, of the courses that are open to `user`.

    A student is led into the learning room, an author to the lesson's own page."""
    if not user.is_authenticated:
        return
    open_courses = Course.objects.open_to(user).values("pk")
    lessons = Lesson.objects.published().filter(course__in=open_courses, title__icontains=text)
    learning = set(user.enrollments.filter(is_active=True).values_list("course_id", flat=True))
    for lesson in lessons.select_related("course").order_by("course__title", "order")[: searching.HITS_OF_A_KIND]:
        room = "enrollments:lesson" if lesson.course_id in learning else "courses:lesson"
        address = reverse(room, args=[lesson.course.slug, lesson.pk])
        yield searching.Hit(lesson.title, lesson.course.title, address)


searching.register(searching.Source("lessons", _("Lessons"), "file-text", find_lessons))
