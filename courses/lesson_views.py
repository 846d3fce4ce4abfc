"""The page that lessons are written on: it keeps what is typed, and never saves over somebody else's words unasked."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from accounts.permissions import signed_in
from courses import drafts, services
from courses.conflicts import differences
from courses.editor_views import TeachersOnlyMixin
from courses.forms import LessonForm
from courses.models import Course, Lesson, LessonDraft
from lms.lib.pages import attempt
from lms.lib.scoping import editable_or_403

TICKS = ("is_published", "is_preview")


class LessonFormView(TeachersOnlyMixin, FormView[LessonForm]):
    """Write a lesson, a new one or one that is there."""

    template_name = "courses/lesson_form.html"
    form_class = LessonForm

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Look the course and the lesson up before anything else."""
        super().setup(request, *args, **kwargs)
        self.course: Course | None = None
        self.lesson: Lesson | None = None
        self.draft: LessonDraft | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Find what is written on, if the user may write on it, and what they left unsaved."""
        if self.test_func():
            self.course = editable_or_403(Course.objects.all(), request.user, slug=kwargs["slug"])
            if "lesson_id" in kwargs:
                self.lesson = get_object_or_404(Lesson, pk=kwargs["lesson_id"], course=self.course)
            self.draft = drafts.draft_of(actor=signed_in(request), course=self.course, lesson=self.lesson)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the course, and the lesson if there is one."""
        return {**super().get_form_kwargs(), "course": self.course, "instance": self.lesson}

    def get_initial(self) -> dict[str, Any]:
        """Return what the author has typed before and not saved."""
        if self.draft is None:
            return {}
        return {**self.draft.fields, **{name: name in self.draft.fields for name in TICKS}}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is written on, and the version that the author began with."""
        begun_with = self.request.POST.get("version")
        if begun_with is None and self.draft is not None:
            begun_with = str(self.draft.base_version)
        if begun_with is None:
            begun_with = str(self.lesson.version if self.lesson else 0)
        files = self.lesson.files.select_related("file") if self.lesson else []
        context = {"version": begun_with, "draft": self.draft, "files": files, **kwargs}
        return super().get_context_data(course=self.course, lesson=self.lesson, **context)

    def form_valid(self, form: LessonForm) -> HttpResponse:
        """Save the lesson, and go back to the course; where somebody else saved in between, show both texts."""
        actor = signed_in(self.request)
        try:
            saved = attempt(
                form, drafts.save_written, actor=actor, course=self.course, lesson=self.lesson, **form.cleaned_data
            )
        except services.EditConflictError as error:
            return self._both(form, error)
        if saved is None:
            return self.form_invalid(form)
        messages.success(self.request, _("“%s” is saved.") % saved.title)
        return redirect(f"{reverse('courses:edit', args=[saved.course.slug])}#lesson-{saved.pk}")

    def _both(self, form: LessonForm, error: services.EditConflictError) -> HttpResponse:
        assert self.course is not None  # noqa: S101  # dispatch has found it
        theirs = LessonForm(course=self.course, instance=error.current)
        context = self.get_context_data(
            form=form, conflict=differences(form, theirs), version=error.current.version, draft=None
        )
        return self.render_to_response(context, status=409)


@require_POST
def keep_draft(request: HttpRequest, slug: str, lesson_id: uuid.UUID | None = None) -> HttpResponse:
    """Keep what is typed, every few seconds; or forget it, with `discard`."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    lesson = get_object_or_404(Lesson, pk=lesson_id, course=course) if lesson_id else None
    actor = signed_in(request)
    if "discard" in request.POST:
        drafts.discard_draft(actor=actor, course=course, lesson=lesson)
        return redirect("courses:edit_lesson", slug, lesson.pk) if lesson else redirect("courses:add_lesson", slug)
    version = request.POST.get("version", "")
    drafts.keep_draft(
        actor=actor,
        course=course,
        lesson=lesson,
        typed=request.POST,
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
    )
    return JsonResponse({"saved_at": time_format(timezone.localtime(), "TIME_FORMAT")})
