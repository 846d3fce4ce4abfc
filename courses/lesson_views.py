"""Views of the lesson form, with autosaved drafts and detection of edit conflicts."""

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
from core.access.scopes import editable_or_403
from core.http.forms import call_service
from courses import drafts, services
from courses.edit_conflicts import compare_forms
from courses.editor_views import TeachersOnlyMixin
from courses.forms import LessonForm
from courses.models import Course, Lesson, LessonDraft

CHECKBOXES = ("is_published", "is_preview")


class LessonFormView(TeachersOnlyMixin, FormView[LessonForm]):
    """Creation and editing of a lesson."""

    template_name = "courses/lesson_form.html"
    form_class = LessonForm

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Initialize the attributes that `dispatch` sets."""
        super().setup(request, *args, **kwargs)
        self.course: Course | None = None
        self.lesson: Lesson | None = None
        self.draft: LessonDraft | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Load the course, the lesson and the user's draft, if the user may edit the course."""
        if self.test_func():
            self.course = editable_or_403(Course.objects.all(), request.user, slug=kwargs["slug"])
            if "lesson_id" in kwargs:
                self.lesson = get_object_or_404(Lesson, pk=kwargs["lesson_id"], course=self.course)
            self.draft = drafts.get_draft(actor=signed_in(request), course=self.course, lesson=self.lesson)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the course and the lesson, which is None for a new lesson."""
        return {**super().get_form_kwargs(), "course": self.course, "instance": self.lesson}

    def get_initial(self) -> dict[str, Any]:
        """Return the data of the user's draft, if there is one."""
        if self.draft is None:
            return {}
        return {**self.draft.fields, **{name: name in self.draft.fields for name in CHECKBOXES}}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course, the lesson, its files, the draft, and the version that the form is based on."""
        base_version = self.request.POST.get("version")
        if base_version is None and self.draft is not None:
            base_version = str(self.draft.base_version)
        if base_version is None:
            base_version = str(self.lesson.version if self.lesson else 0)
        files = self.lesson.files.select_related("file") if self.lesson else []
        context = {"version": base_version, "draft": self.draft, "files": files, **kwargs}
        return super().get_context_data(course=self.course, lesson=self.lesson, **context)

    def form_valid(self, form: LessonForm) -> HttpResponse:
        """Save the lesson and redirect to the course; on an edit conflict, show both versions with status 409."""
        actor = signed_in(self.request)
        try:
            saved = call_service(
                form, drafts.save_lesson, actor=actor, course=self.course, lesson=self.lesson, **form.cleaned_data
            )
        except services.EditConflictError as error:
            return self._conflict_response(form, error)
        if saved is None:
            return self.form_invalid(form)
        messages.success(self.request, _("“%s” saved.") % saved.title)
        return redirect(f"{reverse('courses:edit', args=[saved.course.slug])}#lesson-{saved.pk}")

    def _conflict_response(self, form: LessonForm, error: services.EditConflictError) -> HttpResponse:
        assert self.course is not None  # noqa: S101  # set by dispatch
        current_form = LessonForm(course=self.course, instance=error.current)
        context = self.get_context_data(
            form=form, conflict=compare_forms(form, current_form), version=error.current.version, draft=None
        )
        return self.render_to_response(context, status=409)


@require_POST
def save_draft(request: HttpRequest, slug: str, lesson_id: uuid.UUID | None = None) -> HttpResponse:
    """Save the draft of the lesson form, or delete it if `discard` is sent. Called every few seconds."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    lesson = get_object_or_404(Lesson, pk=lesson_id, course=course) if lesson_id else None
    actor = signed_in(request)
    if "discard" in request.POST:
        drafts.discard_draft(actor=actor, course=course, lesson=lesson)
        return redirect("courses:edit_lesson", slug, lesson.pk) if lesson else redirect("courses:add_lesson", slug)
    version = request.POST.get("version", "")
    drafts.save_draft(
        actor=actor,
        course=course,
        lesson=lesson,
        data=request.POST,
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
    )
    return JsonResponse({"saved_at": time_format(timezone.localtime(), "TIME_FORMAT")})
