"""Pages of one student for the course's instructor: grades, extra time, extensions, end of the enrollment."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import FormView

from accounts.permissions import signed_in
from core.access.scopes import editable_or_403
from core.http.forms import call_or_show_message, call_service
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments import services
from enrollments.deadlines import get_terms, get_terms_by_item, grant_extension, set_accommodation
from enrollments.final_grades import get_final_grade
from enrollments.forms import AccommodationForm, EndForm, ExtensionForm
from enrollments.models import Accommodation, Enrollment, Extension, GradedItem


def _get_enrollment(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> Enrollment:
    """Return the enrollment of the URL. Raise Http404 or PermissionDenied if the user may not edit its course."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    enrollments = Enrollment.objects.filter(course=course).with_progress().select_related("user", "course")
    return get_object_or_404(enrollments, pk=enrollment_id)


def _render_student(request: HttpRequest, enrollment: Enrollment, **forms: Any) -> HttpResponse:
    """Render the page of a student; status 400 if `forms` has an invalid form.

    Nine queries for any number of items.
    """
    grades = get_final_grade(enrollment)
    terms = get_terms_by_item([line.item for line in grades.lines], enrollment)
    accommodation = Accommodation.objects.filter(enrollment=enrollment).first()
    context = {
        "enrollment": enrollment,
        "course": enrollment.course,
        "grades": grades,
        "work": [(line, terms[line.item.pk]) for line in grades.lines],
        "history": enrollment.events.select_related("actor"),
        "time_form": forms.get("time_form") or AccommodationForm(instance=accommodation),
        "end_form": forms.get("end_form") or EndForm(auto_id="end_%s"),
    }
    return render(request, "enrollments/student.html", context, status=400 if forms else 200)


@login_required
@require_safe
def show_student(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> HttpResponse:
    """Show a student of the course."""
    return _render_student(request, _get_enrollment(request, slug, enrollment_id))


@require_POST
def save_accommodation(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> HttpResponse:
    """Set the student's extra time in all timed work."""
    enrollment = _get_enrollment(request, slug, enrollment_id)
    form = AccommodationForm(request.POST)
    if not form.is_valid():
        return _render_student(request, enrollment, time_form=form)
    set_accommodation(actor=signed_in(request), enrollment=enrollment, **form.cleaned_data)
    messages.success(request, _("Saved. It applies from the next attempt on."))
    return redirect("enrollments:terms", slug, enrollment_id)


@require_POST
def end_student_enrollment(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> HttpResponse:
    """End the student's enrollment; their progress, work and grades are kept."""
    enrollment = _get_enrollment(request, slug, enrollment_id)
    form = EndForm(request.POST, auto_id="end_%s")
    if not form.is_valid():
        return _render_student(request, enrollment, end_form=form)
    actor = signed_in(request)
    if call_service(form, services.remove_student, actor=actor, enrollment=enrollment, **form.cleaned_data) is None:
        return _render_student(request, enrollment, end_form=form)
    messages.success(request, _("The enrollment of %s has ended.") % enrollment.user.full_name)
    return redirect("enrollments:students", slug)


@require_POST
def readmit_student(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> HttpResponse:
    """Readmit a student who was removed from the course."""
    enrollment = _get_enrollment(request, slug, enrollment_id)
    if call_or_show_message(request, services.readmit_student, actor=signed_in(request), enrollment=enrollment):
        messages.success(request, _("%s has access again.") % enrollment.user.full_name)
    return redirect("enrollments:terms", slug, enrollment_id)


class ExtensionView(TeachersOnlyMixin, FormView[ExtensionForm]):
    """Form for the extension of one student for one graded item."""

    template_name = "enrollments/extension.html"
    form_class = ExtensionForm

    @cached_property
    def enrollment(self) -> Enrollment:
        """Enrollment of the URL."""
        return _get_enrollment(self.request, self.kwargs["slug"], self.kwargs["enrollment_id"])

    @cached_property
    def item(self) -> GradedItem:
        """Graded item of the URL."""
        return get_object_or_404(GradedItem.objects.filter(course=self.enrollment.course), pk=self.kwargs["item_id"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Set the current extension, if any, as the form's instance."""
        extension = Extension.objects.filter(enrollment=self.enrollment, item=self.item).first()
        return {**super().get_form_kwargs(), "instance": extension}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the enrollment, the course, the item and its current terms for the student."""
        context = super().get_context_data(**kwargs)
        return {
            **context,
            "enrollment": self.enrollment,
            "course": self.enrollment.course,
            "item": self.item,
            "terms": get_terms(self.item, self.enrollment),
        }

    def form_valid(self, form: ExtensionForm) -> HttpResponse:
        """Grant the extension and redirect to the student."""
        granted = call_service(
            form,
            grant_extension,
            actor=signed_in(self.request),
            item=self.item,
            enrollment=self.enrollment,
            **form.cleaned_data,
        )
        if granted is None:
            return self.form_invalid(form)
        messages.success(self.request, _("Extension saved. Reminders and the student's calendar use the new dates."))
        return redirect("enrollments:terms", self.kwargs["slug"], self.kwargs["enrollment_id"])
