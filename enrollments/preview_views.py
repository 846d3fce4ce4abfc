"""Preview of a course for its authors: without an enrollment, and without recording progress."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from core.access.scopes import editable_or_403
from courses.models import Course, Lesson
from courses.videos import get_lesson_video
from enrollments.models import GradedItem
from enrollments.outline import build_outline, find_neighbors
from enrollments.registry import CourseworkItem, get_item_url


class PreviewView(LoginRequiredMixin, TemplateView):
    """The learning room as a newly enrolled student sees it, with published lessons only."""

    template_name = "enrollments/learning_room.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the lesson of the URL; without one, redirect to the first."""
        course = editable_or_403(Course.objects.all(), request.user, slug=kwargs["slug"])
        lessons = list(Lesson.objects.published().filter(course=course).for_learning_room())
        lesson_id = kwargs.get("lesson_id")
        if lesson_id is not None:
            return self.render_to_response(self._build_context(course, lessons, lesson_id))
        if not lessons:
            messages.info(request, _("Publish a lesson to preview this course."))
            return redirect("courses:edit", course.slug)
        return redirect("enrollments:preview_lesson", course.slug, lessons[0].pk)

    def _build_context(self, course: Course, lessons: list[Lesson], lesson_id: uuid.UUID) -> dict[str, Any]:
        """Return the template context; raise Http404 if the lesson is not a published lesson of the course."""
        previous, current, following = find_neighbors(lessons, lesson_id)
        if current is None:
            raise Http404
        lesson = Lesson.objects.get(pk=lesson_id)
        coursework = list_preview_coursework(course)
        return self.get_context_data(
            is_preview=True,
            lesson_view="enrollments:preview_lesson",
            course=course,
            lesson=lesson,
            video=get_lesson_video(lesson),
            outline=build_outline(lessons, set(), lesson_id),
            lesson_work=[item for item in coursework if item.lesson_id == lesson_id],
            course_work=coursework,
            previous=previous,
            next=following,
        )


def list_preview_coursework(course: Course) -> list[CourseworkItem]:
    """Return the published coursework of a course without a student's progress. One query."""
    items = GradedItem.objects.published().filter(course=course).select_related("course")
    return [
        CourseworkItem(item.kind, item.title, get_item_url(item), item.lesson_id, item.get_kind_display(), item.due_at,
             item.is_required)
        for item in items
    ]  # fmt: skip
