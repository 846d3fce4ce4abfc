"""Gradebook pages."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.generic import FormView, TemplateView

from accounts.permissions import signed_in
from core.access.scopes import editable_or_403
from core.http.forms import call_service
from core.http.pagination import paginate
from core.text.csv_files import csv_response
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments.grades import record_grade
from enrollments.models import Enrollment, GradedItem, GradeEntry
from instructors.forms import GradeForm, WeightsForm
from instructors.gradebook import build_gradebook, csv_rows, gradebook_students, set_weights

STUDENTS_PER_PAGE = 50


def _course(request: HttpRequest, slug: str) -> Course:
    """Return the course of the URL if the user may edit it; 404 or 403 otherwise."""
    return editable_or_403(Course.objects.select_related("instructor"), request.user, slug=slug)


class GradebookView(TeachersOnlyMixin, TemplateView):
    """Gradebook of a course, 50 students a page. The number of queries does not depend on students or items."""

    template_name = "instructors/gradebook.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        course = _course(self.request, self.kwargs["slug"])
        search = self.request.GET.get("search", "").strip()[:200]
        page = paginate(self.request, gradebook_students(course, search), STUDENTS_PER_PAGE)
        book = build_gradebook(course, page.object_list)
        return super().get_context_data(course=course, book=book, page_obj=page, search=search, **kwargs)


@require_safe
def gradebook_file(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Return the whole gradebook as a CSV file."""
    course = _course(request, slug)
    return csv_response(csv_rows(course), f"{course.slug}-grades.csv")


class WeightsView(TeachersOnlyMixin, FormView[WeightsForm]):
    """Weights of the graded items of a course."""

    template_name = "instructors/weights.html"
    form_class = WeightsForm

    @cached_property
    def course(self) -> Course:
        return _course(self.request, self.kwargs["slug"])

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "items": list(GradedItem.objects.filter(course=self.course))}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(course=self.course, **kwargs)

    def form_valid(self, form: WeightsForm) -> HttpResponse:
        set_weights(actor=signed_in(self.request), course=self.course, weights=form.cleaned_data)
        messages.success(self.request, _("Weights saved. Final grades have been updated."))
        return redirect("instructors:gradebook", self.course.slug)


class GradeView(TeachersOnlyMixin, FormView[GradeForm]):
    """One student's grade for one item, and its history. A teacher can set, excuse or withdraw it, with a reason."""

    template_name = "instructors/grade.html"
    form_class = GradeForm

    @cached_property
    def course(self) -> Course:
        return _course(self.request, self.kwargs["slug"])

    @cached_property
    def enrollment(self) -> Enrollment:
        students = Enrollment.objects.filter(course=self.course).select_related("user")
        return get_object_or_404(students, pk=self.kwargs["enrollment_id"])

    @cached_property
    def item(self) -> GradedItem:
        return get_object_or_404(GradedItem.objects.filter(course=self.course), pk=self.kwargs["item_id"])

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the item and the current grade."""
        return {**super().get_form_kwargs(), "item": self.item, "current": self._history().first()}

    def _history(self) -> Any:
        return GradeEntry.objects.filter(enrollment=self.enrollment, item=self.item).select_related("graded_by")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the student, the item and the last 100 entries of the history."""
        context = {"course": self.course, "enrollment": self.enrollment, "item": self.item}
        return super().get_context_data(history=self._history()[:100], **context, **kwargs)

    def form_valid(self, form: GradeForm) -> HttpResponse:
        recorded = call_service(
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
        messages.success(self.request, _("Grade saved. The previous grade is in the history."))
        return redirect("instructors:gradebook", self.course.slug)
