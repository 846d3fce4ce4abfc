"""The gradebook's pages."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.generic import FormView, TemplateView

from accounts.permissions import signed_in
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments.grades import record_grade
from enrollments.models import Enrollment, GradedItem, GradeEntry
from instructors.forms import GradeForm, WeightsForm
from instructors.gradebook import as_rows, gradebook_of, set_weights, students_of
from lms.lib.pages import attempt
from lms.lib.paging import page_of
from lms.lib.scoping import editable_or_403
from lms.lib.spreadsheets import csv_response

STUDENTS_PER_PAGE = 50


def _course(request: HttpRequest, slug: str) -> Course:
    """Return the course that the address names, if the user may edit it; 404 or 403 otherwise."""
    return editable_or_403(Course.objects.select_related("instructor"), request.user, slug=slug)


class GradebookView(TeachersOnlyMixin, TemplateView):
    """Students by graded items, fifty to a page. The same queries for any number of either."""

    template_name = "instructors/gradebook.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a page of the gradebook."""
        course = _course(self.request, self.kwargs["slug"])
        search = self.request.GET.get("search", "").strip()[:200]
        page = page_of(self.request, students_of(course, search), STUDENTS_PER_PAGE)
        book = gradebook_of(course, page.object_list)
        return super().get_context_data(course=course, book=book, page_obj=page, search=search, **kwargs)


@require_safe
def gradebook_file(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The whole gradebook as a CSV file."""
    course = _course(request, slug)
    return csv_response(as_rows(course), f"{course.slug}-grades.csv")


class WeightsView(TeachersOnlyMixin, FormView[WeightsForm]):
    """How much each piece of work counts."""

    template_name = "instructors/weights.html"
    form_class = WeightsForm

    @cached_property
    def course(self) -> Course:
        """The course that the address names."""
        return _course(self.request, self.kwargs["slug"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the course's items."""
        return {**super().get_form_kwargs(), "items": list(GradedItem.objects.filter(course=self.course))}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course."""
        return super().get_context_data(course=self.course, **kwargs)

    def form_valid(self, form: WeightsForm) -> HttpResponse:
        """Save the weights."""
        set_weights(actor=signed_in(self.request), course=self.course, weights=form.cleaned_data)
        messages.success(self.request, _("Saved. Every final grade follows."))
        return redirect("instructors:gradebook", self.course.slug)


class GradeView(TeachersOnlyMixin, FormView[GradeForm]):
    """One student's grade for one item: set by hand, excused, or taken back, with a reason; and its history."""

    template_name = "instructors/grade.html"
    form_class = GradeForm

    @cached_property
    def course(self) -> Course:
        """The course that the address names."""
        return _course(self.request, self.kwargs["slug"])

    @cached_property
    def enrollment(self) -> Enrollment:
        """The student that the address names."""
        students = Enrollment.objects.filter(course=self.course).select_related("user")
        return get_object_or_404(students, pk=self.kwargs["enrollment_id"])

    @cached_property
    def item(self) -> GradedItem:
        """The piece of work that the address names."""
        return get_object_or_404(GradedItem.objects.filter(course=self.course), pk=self.kwargs["item_id"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the grade that stands."""
        return {**super().get_form_kwargs(), "item": self.item, "standing": self._history().first()}

    def _history(self) -> Any:
        return GradeEntry.objects.filter(enrollment=self.enrollment, item=self.item).select_related("graded_by")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the student, the item and its history."""
        shown = {"course": self.course, "enrollment": self.enrollment, "item": self.item}
        return super().get_context_data(history=self._history()[:100], **shown, **kwargs)

    def form_valid(self, form: GradeForm) -> HttpResponse:
        """Append the grade."""
        recorded = attempt(
            form,
            record_grade,
            actor=signed_in(self.request),
            item=self.item,
            enrollment=self.enrollment,
            points=form.cleaned_data["points"],
            is_excused=form.cleaned_data["is_excused"],
            reason=form.cleaned_data["reason"],
        )
        if recorded is None:
            return self.form_invalid(form)
        messages.success(self.request, _("Recorded. What stood before stays in the history."))
        return redirect("instructors:gradebook", self.course.slug)
