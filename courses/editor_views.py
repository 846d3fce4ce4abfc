"""Views of the course editor."""

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
from core.access.scopes import EditableOnlyMixin, editable_or_403
from core.http.forms import call_or_show_message, call_service
from core.http.pagination import PAGE_SIZE
from core.text import markdown
from courses import ownership, services
from courses.course_copy import duplicate_course
from courses.edit_conflicts import compare_forms
from courses.forms import CourseForm, SectionForm, TransferForm
from courses.models import Course, Lesson, Section


class TeachersOnlyMixin(LoginRequiredMixin, UserPassesTestMixin):
    """Allow only instructors and admins; redirect visitors to the login page."""

    request: HttpRequest

    def test_func(self) -> bool:
        """Return whether the user is an instructor or an admin."""
        return bool(getattr(self.request.user, "teaches", False))

    def handle_no_permission(self) -> Any:
        """Redirect visitors to the login page; raise PermissionDenied for other users."""
        if self.request.user.is_authenticated:
            raise PermissionDenied(_("Only instructors can open this page."))
        return super().handle_no_permission()


class TeachingListView(TeachersOnlyMixin, ListView[Course]):
    """List of the user's own courses."""

    template_name = "courses/teaching_list.html"
    context_object_name = "courses"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Course]:
        """Return the user's own courses, most recently updated first."""
        return Course.objects.filter(instructor=signed_in(self.request)).for_cards().order_by("-updated_at", "id")


class CourseCreateView(TeachersOnlyMixin, FormView[CourseForm]):
    """Creation of a course."""

    template_name = "courses/course_form.html"
    form_class = CourseForm

    def form_valid(self, form: CourseForm) -> HttpResponse:
        """Create the course as a draft and redirect to its lessons."""
        fields = {name: value for name, value in form.service_fields().items() if name != "version"}
        course = call_service(form, services.create_course, actor=signed_in(self.request), **fields)
        return redirect("courses:edit", course.slug) if course else self.form_invalid(form)


class CourseEditView(TeachersOnlyMixin, EditableOnlyMixin, DetailView[Course]):
    """Editor page of a course: sections and lessons in order, and the publishing checklist."""

    template_name = "courses/course_edit.html"
    queryset = Course.objects.prefetch_related(
        "sections", Prefetch("sections__lessons", Lesson.objects.for_outline().with_has_video())
    )
    context_object_name = "course"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the publishing checklist and the form for a new section."""
        return super().get_context_data(
            checklist=build_publishing_checklist(self.object), section_form=SectionForm(), **kwargs
        )


class CourseDetailsView(TeachersOnlyMixin, EditableOnlyMixin, UpdateView[Course, CourseForm]):
    """Editor page of a course's details: title, description, price etc."""

    template_name = "courses/course_form.html"
    form_class = CourseForm
    queryset = Course.objects.prefetch_related("tags")
    context_object_name = "course"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the version that the form is based on."""
        base_version = self.request.POST.get("version") or self.object.version
        return super().get_context_data(**{"version": base_version, "transfer_form": TransferForm(), **kwargs})

    def form_valid(self, form: CourseForm) -> HttpResponse:
        """Save the details; on an edit conflict, show both versions with status 409."""
        actor = signed_in(self.request)
        try:
            saved = call_service(form, services.update_course, actor=actor, course=self.object, **form.service_fields())
        except services.EditConflictError as error:
            current_form = CourseForm(instance=error.current)
            return self.render_to_response(
                self.get_context_data(
                    form=form, conflict=compare_forms(form, current_form), version=error.current.version
                ),
                status=409,
            )
        if not saved:
            return self.form_invalid(form)
        messages.success(self.request, _("Changes saved."))
        return redirect("courses:details", saved.slug)


def build_publishing_checklist(course: Course) -> list[dict[str, Any]]:
    """Return the publishing checklist of a course: items with `done`, `text`, and the `url` where it can be done.

    No query if the course's sections and lessons are prefetched.
    """
    details, new_lesson = (reverse(f"courses:{name}", args=[course.slug]) for name in ("details", "add_lesson"))
    lessons = [lesson for section in course.sections.all() for lesson in section.lessons.all()]
    has_preview = any(lesson.is_preview and lesson.is_published for lesson in lessons)
    detail_urls = f"{details}#id_short_description", f"{details}#id_outcomes", f"{details}#id_category"
    return [
        {"done": bool(course.short_description), "text": _("Write a short description."),
         "url": detail_urls[0]},
        {"done": bool(course.outcomes), "text": _("List the learning outcomes."), "url": detail_urls[1]},
        {"done": course.category_id is not None, "text": _("Choose a subject."), "url": detail_urls[2]},
        {"done": course.lessons_count > 0, "text": _("Publish at least one lesson."), "url": new_lesson},
        {"done": has_preview, "text": _("Offer one lesson as a free preview."),
         "url": reverse("courses:edit_lesson", args=[course.slug, lessons[0].pk]) if lessons else new_lesson},
    ]  # fmt: skip


def _get_editable_course(request: HttpRequest, slug: str) -> Course:
    return editable_or_403(Course.objects.all(), request.user, slug=slug)


@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish a course."""
    course = _get_editable_course(request, slug)
    if call_or_show_message(request, services.publish_course, actor=signed_in(request), course=course):
        messages.success(request, _("“%s” is published.") % course.title)
    return redirect("courses:edit", slug)


@require_POST
def unpublish(request: HttpRequest, slug: str) -> HttpResponse:
    """Unpublish a course."""
    course = _get_editable_course(request, slug)
    services.unpublish_course(actor=signed_in(request), course=course)
    messages.success(
        request, _("“%s” is unpublished. Its students can open it again when you publish it.") % course.title
    )
    return redirect("courses:edit", slug)


@require_POST
def transfer(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand a course over to the instructor with an email address."""
    course = _get_editable_course(request, slug)
    form = TransferForm(request.POST)
    if form.is_valid():
        to = form.cleaned_data["email"]
        if call_or_show_message(request, ownership.transfer_course, actor=signed_in(request), course=course, to=to):
            messages.success(request, _("“%(course)s” now belongs to %(name)s.") % {"course": course, "name": to})
            return redirect("courses:teaching")
    for problem in form.errors.get("email", []):
        messages.error(request, str(problem))
    return redirect(f"{reverse('courses:details', args=[slug])}#transfer")


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a course without enrollments."""
    course = _get_editable_course(request, slug)
    try:
        services.delete_course(actor=signed_in(request), course=course)
    except services.CourseError as error:
        messages.error(request, str(error.detail))
        return redirect("courses:edit", slug)
    messages.success(request, _("“%s” deleted.") % course.title)
    return redirect("courses:teaching")


@require_POST
def add_section(request: HttpRequest, slug: str) -> HttpResponse:
    """Append a section to a course."""
    course = _get_editable_course(request, slug)
    form = SectionForm(request.POST)
    if form.is_valid():
        call_service(form, services.add_section, actor=signed_in(request), course=course, **form.cleaned_data)
    for problem in form.errors.get("title", []):
        messages.error(request, str(problem))
    return redirect("courses:edit", slug)


def _get_editable_section(request: HttpRequest, slug: str, section_id: uuid.UUID) -> Section:
    return get_object_or_404(Section, pk=section_id, course=_get_editable_course(request, slug))


@require_POST
def rename_section(request: HttpRequest, slug: str, section_id: uuid.UUID) -> HttpResponse:
    """Rename a section."""
    section = _get_editable_section(request, slug, section_id)
    form = SectionForm(request.POST)
    if form.is_valid():
        call_service(form, services.rename_section, actor=signed_in(request), section=section, **form.cleaned_data)
    for problem in form.errors.get("title", []):
        messages.error(request, str(problem))
    return redirect(f"{reverse('courses:edit', args=[slug])}#section-{section_id}")


@require_POST
def move_section(request: HttpRequest, slug: str, section_id: uuid.UUID) -> HttpResponse:
    """Move a section one position up or down."""
    section = _get_editable_section(request, slug, section_id)
    services.move_section(actor=signed_in(request), section=section, up=request.POST.get("direction") == "up")
    return _redirect_to_arrow(request, slug, f"section-{section_id}")


def _redirect_to_arrow(request: HttpRequest, slug: str, place: str) -> HttpResponse:
    """Redirect to the arrow button of a moved section or lesson, which gives it the focus again."""
    direction = "up" if request.POST.get("direction") == "up" else "down"
    return redirect(f"{reverse('courses:edit', args=[slug])}#{place}-{direction}")


@require_POST
def delete_section(request: HttpRequest, slug: str, section_id: uuid.UUID) -> HttpResponse:
    """Delete an empty section."""
    section = _get_editable_section(request, slug, section_id)
    call_or_show_message(request, services.delete_section, actor=signed_in(request), section=section)
    return redirect("courses:edit", slug)


@require_POST
def duplicate(request: HttpRequest, slug: str) -> HttpResponse:
    """Duplicate a course."""
    copy = duplicate_course(actor=signed_in(request), course=_get_editable_course(request, slug))
    messages.success(request, _("Course duplicated. The copy is a draft that only you can see."))
    return redirect("courses:edit", copy.slug)


@require_POST
def move_lesson(request: HttpRequest, slug: str, lesson_id: uuid.UUID) -> HttpResponse:
    """Move a lesson one position up or down, at the end of a section into the next one. Works without JavaScript."""
    course = _get_editable_course(request, slug)
    lesson = Lesson.objects.filter(pk=lesson_id, course=course).select_related("course").first()
    if lesson is not None:
        services.move_lesson(actor=signed_in(request), lesson=lesson, up=request.POST.get("direction") == "up")
    return _redirect_to_arrow(request, slug, f"lesson-{lesson_id}")


@require_POST
def arrange(request: HttpRequest, slug: str) -> HttpResponse:
    """Set the order of sections and lessons after a drag and drop.

    The parameters `place` list all sections and lessons in order, each section before its lessons, as "section:<id>"
    and "lesson:<id>". The response is 204, or 400 with an error message if the list is not complete.
    """
    course = _get_editable_course(request, slug)
    sections: list[tuple[uuid.UUID, list[uuid.UUID]]] = []
    try:
        for place in request.POST.getlist("place"):
            place_type, _colon, place_id = place.partition(":")
            if place_type == "section":
                sections.append((uuid.UUID(place_id), []))
            else:
                sections[-1][1].append(uuid.UUID(place_id))
        services.arrange_course(actor=signed_in(request), course=course, sections=sections)
    except (ValueError, IndexError):
        return HttpResponse(_("The order of lessons is invalid."), status=400, content_type="text/plain")
    except services.CourseError as error:
        return HttpResponse(str(error.detail), status=error.status, content_type="text/plain")
    return HttpResponse(status=204)


@require_POST
def delete_lesson(request: HttpRequest, slug: str, lesson_id: uuid.UUID) -> HttpResponse:
    """Delete a lesson."""
    lesson = get_object_or_404(Lesson, pk=lesson_id, course=_get_editable_course(request, slug))
    services.delete_lesson(actor=signed_in(request), lesson=lesson)
    messages.success(request, _("“%s” deleted.") % lesson.title)
    return redirect("courses:edit", slug)


@require_POST
def preview_markdown(request: HttpRequest) -> HttpResponse:
    """Return the Markdown preview of the lesson form, rendered by the same code as lessons."""
    if not getattr(request.user, "teaches", False):
        raise PermissionDenied(_("Only instructors can open this page."))
    text = request.POST.get("content", "")[:100_000]
    html = markdown.to_html(text, allow_html=True, id_prefix=markdown.MAIN_TEXT)
    return render(request, "courses/_preview.html", {"html": html})
