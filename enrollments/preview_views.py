"""A course as its students find it, for those who write it: nothing is noted, and nobody is enrolled."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from courses.models import Course, Lesson
from courses.videos import video_of_lesson
from enrollments.models import GradedItem
from enrollments.outline import neighbours, outline
from enrollments.registry import Work, page_of_item
from lms.lib.scoping import editable_or_403


class PreviewView(LoginRequiredMixin, TemplateView):
    """The learning room of somebody who has just enrolled. Published lessons only: students see no others."""

    template_name = "enrollments/learning_room.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the lesson; without one in the address, the first."""
        course = editable_or_403(Course.objects.all(), request.user, slug=kwargs["slug"])
        lessons = list(Lesson.objects.published().filter(course=course).for_room())
        lesson_id = kwargs.get("lesson_id")
        if lesson_id is not None:
            return self.render_to_response(self._room(course, lessons, lesson_id))
        if not lessons:
            messages.info(request, _("There is no published lesson yet: a student would find an empty room."))
            return redirect("courses:edit", course.slug)
        return redirect("enrollments:preview_lesson", course.slug, lessons[0].pk)

    def _room(self, course: Course, lessons: list[Lesson], lesson_id: uuid.UUID) -> dict[str, Any]:
        """Return what the page shows."""
        previous, here, following = neighbours(lessons, lesson_id)
        if here is None:
            raise Http404
        lesson = Lesson.objects.get(pk=lesson_id)
        work = work_of(course)
        return self.get_context_data(
            is_preview=True,
            room="enrollments:preview_lesson",
            course=course,
            lesson=lesson,
            video=video_of_lesson(lesson),
            outline=outline(lessons, set(), lesson_id),
            lesson_work=[one for one in work if one.lesson_id == lesson_id],
            course_work=work,
            previous=previous,
            next=following,
        )


def work_of(course: Course) -> list[Work]:
    """Return the published work of a course as nobody has begun it. One query."""
    items = GradedItem.objects.published().filter(course=course).select_related("course")
    return [
        Work(item.kind, item.title, page_of_item(item), item.lesson_id, item.get_kind_display(), item.due_at,
             item.is_required)
        for item in items
    ]  # fmt: skip
