"""The pages that courses are written on."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import DetailView, FormView, ListView
from django.views.generic.edit import UpdateView

from accounts.permissions import signed_in
from courses import services
from courses.conflicts import differences
from courses.copying import duplicate_course
from courses.forms import CourseForm, SectionForm
from courses.models import Course, Lesson, Section
from lms.lib import markdown
from lms.lib.pages import attempt, attempt_or_say
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import EditableOnlyMixin, editable_or_403


class TeachersOnlyMixin(LoginRequiredMixin, UserPassesTestMixin):
    """Asks visitors to log in, and students to stay out."""

    request: HttpRequest

    def test_func(self) -> bool:
        """Return whether the teaching pages are for this user."""
        return bool(getattr(self.request.user, "teaches", False))

    def handle_no_permission(self) -> Any:
        """Send visitors to the login page; 403 for everybody else."""
        if self.request.user.is_authenticated:
            raise PermissionDenied(_("These pages are for instructors."))
        return super().handle_no_permission()


class TeachingListView(TeachersOnlyMixin, ListView[Course]):
    """The courses that the user writes."""

    template_name = "courses/teaching_list.html"
    context_object_name = "courses"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Course]:
        """Return the user's own courses, last changed first."""
        return Course.objects.filter(instructor=signed_in(self.request)).for_cards().order_by("-updated_at", "id")


class CourseCreateView(TeachersOnlyMixin, FormView[CourseForm]):
    """Begin a course."""

    template_name = "courses/course_form.html"
    form_class = CourseForm

    def form_valid(self, form: CourseForm) -> HttpResponse:
        """Create the draft, and go on to its lessons."""
        fields = {name: value for name, value in form.changes().items() if name != "version"}
        course = attempt(form, services.create_course, actor=signed_in(self.request), **fields)
        return redirect("courses:edit", course.slug) if course else self.form_invalid(form)


class CourseEditView(TeachersOnlyMixin, EditableOnlyMixin, DetailView[Course]):
    """A course from its author's side: sections and lessons in order, and what is left before publishing."""

    template_name = "courses/course_edit.html"
    queryset = Course.objects.prefetch_related("sections", Prefetch("sections__lessons", Lesson.objects.for_outline()))
    context_object_name = "course"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the checklist, and the form for a new section."""
        return super().get_context_data(checklist=checklist(self.object), section_form=SectionForm(), **kwargs)


class CourseDetailsView(TeachersOnlyMixin, EditableOnlyMixin, UpdateView[Course, CourseForm]):
    """A course's title, description, price and the rest."""

    template_name = "courses/course_form.html"
    form_class = CourseForm
    queryset = Course.objects.prefetch_related("tags")
    context_object_name = "course"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the version that the author begins with."""
        begun_with = self.request.POST.get("version") or self.object.version
        return super().get_context_data(**{"version": begun_with, **kwargs})

    def form_valid(self, form: CourseForm) -> HttpResponse:
        """Save what changed; where somebody else did in between, show both."""
        actor = signed_in(self.request)
        try:
            saved = attempt(form, services.update_course, actor=actor, course=self.object, **form.changes())
        except services.EditConflictError as error:
            theirs = CourseForm(instance=error.current)
            return self.render_to_response(
                self.get_context_data(form=form, conflict=differences(form, theirs), version=error.current.version),
                status=409,
            )
        if not saved:
            return self.form_invalid(form)
        messages.success(self.request, _("Saved."))
        return redirect("courses:edit", saved.slug)


def checklist(course: Course) -> list[dict[str, Any]]:
    """Return what a course should have before it is published: each thing, whether it is there, and where it is done.

    Costs no query where the course's sections and lessons are loaded.
    """
    details, new_lesson = (reverse(f"courses:{name}", args=[course.slug]) for name in ("details", "add_lesson"))
    lessons = [lesson for section in course.sections.all() for lesson in section.lessons.all()]
    has_preview = any(lesson.is_preview and lesson.is_published for lesson in lessons)
    words = f"{details}#id_short_description", f"{details}#id_outcomes", f"{details}#id_category"
    return [
        {"done": bool(course.short_description), "text": _("Say in one or two sentences what it is about."),
         "url": words[0]},
        {"done": bool(course.outcomes), "text": _("List what one can do afterwards."), "url": words[1]},
        {"done": course.category_id is not None, "text": _("Choose a subject."), "url": words[2]},
        {"done": course.lessons_count > 0, "text": _("Write and publish at least one lesson."), "url": new_lesson},
        {"done": has_preview, "text": _("Let people read one lesson for free, as a taste."),
         "url": reverse("courses:edit_lesson", args=[course.slug, lessons[0].pk]) if lessons else new_lesson},
    ]  # fmt: skip


def _editable_course(request: HttpRequest, slug: str) -> Course:
    return editable_or_403(Course.objects.all(), request.user, slug=slug)


@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a course into the catalogue."""
    course = _editable_course(request, slug)
    if attempt_or_say(request, services.publish_course, actor=signed_in(request), course=course):
        messages.success(request, _("“%s” is in the catalogue.") % course.title)
    return redirect("courses:edit", slug)


@require_POST
def unpublish(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a course out of the catalogue."""
    course = _editable_course(request, slug)
    services.unpublish_course(actor=signed_in(request), course=course)
    messages.success(request, _("“%s” is a draft again. Its students get back in when you publish it.") % course.title)
    return redirect("courses:edit", slug)


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a course that has no students."""
    course = _editable_course(request, slug)
    try:
        services.delete_course(actor=signed_in(request), course=course)
    except services.CourseError as error:
        messages.error(request, str(error.detail))
        return redirect("courses:edit", slug)
    messages.success(request, _("“%s” is deleted.") % course.title)
    return redirect("courses:teaching")


@require_POST
def add_section(request: HttpRequest, slug: str) -> HttpResponse:
    """Append a section."""
    course = _editable_course(request, slug)
    form = SectionForm(request.POST)
    if form.is_valid():
        attempt(form, services.add_section, actor=signed_in(request), course=course, **form.cleaned_data)
    for problem in form.errors.get("title", []):
        messages.error(request, str(problem))
    return redirect("courses:edit", slug)


def _editable_section(request: HttpRequest, slug: str, section_id: uuid.UUID) -> Section:
    return get_object_or_404(Section, pk=section_id, course=_editable_course(request, slug))


@require_POST
def rename_section(request: HttpRequest, slug: str, section_id: uuid.UUID) -> HttpResponse:
    """Give a section another title."""
    section = _editable_section(request, slug, section_id)
    form = SectionForm(request.POST)
    if form.is_valid():
        attempt(form, services.rename_section, actor=signed_in(request), section=section, **form.cleaned_data)
    for problem in form.errors.get("title", []):
        messages.error(request, str(problem))
    return redirect(f"{reverse('courses:edit', args=[slug])}#section-{section_id}")


@require_POST
def move_section(request: HttpRequest, slug: str, section_id: uuid.UUID) -> HttpResponse:
    """Move a section one place up or down."""
    section = _editable_section(request, slug, section_id)
    services.move_section(actor=signed_in(request), section=section, up=request.POST.get("direction") == "up")
    return redirect(f"{reverse('courses:edit', args=[slug])}#section-{section_id}")


@require_POST
def delete_section(request: HttpRequest, slug: str, section_id: uuid.UUID) -> HttpResponse:
    """Delete an empty section."""
    section = _editable_section(request, slug, section_id)
    attempt_or_say(request, services.delete_section, actor=signed_in(request), section=section)
    return redirect("courses:edit", slug)


@require_POST
def duplicate(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin a draft with everything that is in this course."""
    copy = duplicate_course(actor=signed_in(request), course=_editable_course(request, slug))
    messages.success(request, _("This is the copy. It is a draft that only you see."))
    return redirect("courses:edit", copy.slug)


@require_POST
def move_lesson(request: HttpRequest, slug: str, lesson_id: uuid.UUID) -> HttpResponse:
    """Move a lesson one place up or down; by keyboard as by mouse."""
    course = _editable_course(request, slug)
    ids = list(course.lessons.values_list("pk", flat=True))
    if lesson_id in ids:
        here = ids.index(lesson_id)
        there = max(0, min(len(ids) - 1, here + (-1 if request.POST.get("direction") == "up" else 1)))
        ids.insert(there, ids.pop(here))
        attempt_or_say(request, services.reorder_lessons, actor=signed_in(request), course=course, lesson_ids=ids)
    return redirect(f"{reverse('courses:edit', args=[slug])}#lesson-{lesson_id}")


@require_POST
def arrange(request: HttpRequest, slug: str) -> HttpResponse:
    """Put sections and lessons where somebody has dragged them: `place` names each, in order, a section before its
    lessons ("section:…", "lesson:…"). 204; 400 with a sentence when that is not the whole course."""
    course = _editable_course(request, slug)
    sections: list[tuple[uuid.UUID, list[uuid.UUID]]] = []
    try:
        for place in request.POST.getlist("place"):
            kind, _colon, name = place.partition(":")
            if kind == "section":
                sections.append((uuid.UUID(name), []))
            else:
                sections[-1][1].append(uuid.UUID(name))
        services.arrange_course(actor=signed_in(request), course=course, sections=sections)
    except (ValueError, IndexError):
        return HttpResponse(_("This is not an order of lessons."), status=400, content_type="text/plain")
    except services.CourseError as error:
        return HttpResponse(str(error.detail), status=error.status, content_type="text/plain")
    return HttpResponse(status=204)


@require_POST
def delete_lesson(request: HttpRequest, slug: str, lesson_id: uuid.UUID) -> HttpResponse:
    """Delete a lesson."""
    lesson = get_object_or_404(Lesson, pk=lesson_id, course=_editable_course(request, slug))
    services.delete_lesson(actor=signed_in(request), lesson=lesson)
    messages.success(request, _("“%s” is deleted.") % lesson.title)
    return redirect("courses:edit", slug)


@require_POST
def preview_markdown(request: HttpRequest) -> HttpResponse:
    """Return the HTML of what an author is typing, made by the same code as the lesson's."""
    if not getattr(request.user, "teaches", False):
        raise PermissionDenied(_("These pages are for instructors."))
    return render(
        request, "courses/_preview.html", {"html": markdown.to_html(request.POST.get("content", "")[:100_000])}
    )
