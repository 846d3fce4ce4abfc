"""One student of a course, for those who teach it: their grades, their terms, and the end of their enrolment."""

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
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments.deadlines import grant_extension, set_accommodation, terms_for, terms_for_many
from enrollments.final_grades import grades_of
from enrollments.forms import AccommodationForm, EndForm, ExtensionForm
from enrollments.models import Accommodation, Enrollment, Extension, GradedItem
from enrollments.services import revoke
from lms.lib.pages import attempt
from lms.lib.scoping import editable_or_403


def _student(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> Enrollment:
    """Return the enrolment that the address names, in a course that the user teaches; 404 or 403 otherwise."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    rows = Enrollment.objects.filter(course=course).with_progress().select_related("user", "course")
    return get_object_or_404(rows, pk=enrollment_id)


def _page(request: HttpRequest, enrollment: Enrollment, **forms: Any) -> HttpResponse:
    """Show a student with their grades, and what holds for them. Nine queries, whatever the number of items."""
    grades = grades_of(enrollment)
    terms = terms_for_many([line.item for line in grades.lines], enrollment)
    given = Accommodation.objects.filter(enrollment=enrollment).first()
    context = {
        "enrollment": enrollment,
        "course": enrollment.course,
        "grades": grades,
        "work": [(line, terms[line.item.pk]) for line in grades.lines],
        "history": enrollment.events.select_related("actor"),
        "time_form": forms.get("time_form") or AccommodationForm(instance=given),
        "end_form": forms.get("end_form") or EndForm(auto_id="end_%s"),
    }
    return render(request, "enrollments/student.html", context, status=400 if forms else 200)


@login_required
@require_safe
def terms(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> HttpResponse:
    """A student of the course."""
    return _page(request, _student(request, slug, enrollment_id))


@require_POST
def accommodate(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> HttpResponse:
    """Give the student more time in all timed work."""
    enrollment = _student(request, slug, enrollment_id)
    form = AccommodationForm(request.POST)
    if not form.is_valid():
        return _page(request, enrollment, time_form=form)
    set_accommodation(actor=signed_in(request), enrollment=enrollment, **form.cleaned_data)
    messages.success(request, _("Saved. It holds from the next attempt on."))
    return redirect("enrollments:terms", slug, enrollment_id)


@require_POST
def end(request: HttpRequest, slug: str, enrollment_id: uuid.UUID) -> HttpResponse:
    """End the student's enrolment; what they did is kept."""
    enrollment = _student(request, slug, enrollment_id)
    form = EndForm(request.POST, auto_id="end_%s")
    if not form.is_valid():
        return _page(request, enrollment, end_form=form)
    revoke(actor=signed_in(request), enrollment=enrollment, reason=form.cleaned_data["reason"])
    messages.success(
        request, _("%s is not in the course any more. Their progress is kept.") % enrollment.user.full_name
    )
    return redirect("enrollments:students", slug)


class ExtensionView(TeachersOnlyMixin, FormView[ExtensionForm]):
    """Other terms for one student and one piece of work."""

    template_name = "enrollments/extension.html"
    form_class = ExtensionForm

    @cached_property
    def enrollment(self) -> Enrollment:
        """The student that the address names."""
        return _student(self.request, self.kwargs["slug"], self.kwargs["enrollment_id"])

    @cached_property
    def item(self) -> GradedItem:
        """The piece of work that the address names."""
        return get_object_or_404(GradedItem.objects.filter(course=self.enrollment.course), pk=self.kwargs["item_id"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add what the student has been given so far."""
        given = Extension.objects.filter(enrollment=self.enrollment, item=self.item).first()
        return {**super().get_form_kwargs(), "instance": given}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the student, the work, and what holds now."""
        now = terms_for(self.item, self.enrollment)
        context = super().get_context_data(**kwargs)
        return {
            **context,
            "enrollment": self.enrollment,
            "course": self.enrollment.course,
            "item": self.item,
            "terms": now,
        }

    def form_valid(self, form: ExtensionForm) -> HttpResponse:
        """Grant it."""
        granted = attempt(
            form,
            grant_extension,
            actor=signed_in(self.request),
            item=self.item,
            enrollment=self.enrollment,
            **form.cleaned_data,
        )
        if granted is None:
            return self.form_invalid(form)
        messages.success(self.request, _("Saved. Page, reminders and the student's calendar follow it from now on."))
        return redirect("enrollments:terms", self.kwargs["slug"], self.kwargs["enrollment_id"])
