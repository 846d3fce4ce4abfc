"""Writing the assignments of a course."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import FormView, ListView

from accounts.permissions import signed_in
from assignments import grading, services
from assignments.forms import AssignmentForm
from assignments.models import Assignment, AssignmentFile
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from files.uploading import received, upload_refused
from lms.lib.errors import DomainError
from lms.lib.pages import attempt, attempt_or_say, go_on
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import editable_or_403


class AssignmentListView(TeachersOnlyMixin, ListView[Assignment]):
    """The assignments of a course, with how many wait to be graded. The same queries for any number of them."""

    template_name = "assignments/assignment_list.html"
    context_object_name = "assignments"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Assignment]:
        """Return the course's assignments in order."""
        self.course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        rows = Assignment.objects.filter(course=self.course).select_related("lesson")
        return rows.annotate(
            handed_in=Count("submissions__enrollment", distinct=True),
            to_release=Count(
                "submissions", filter=Q(submissions__graded_at__isnull=False, submissions__released_at=None)
            ),
        ).order_by("position", "created_at", "id")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course."""
        return super().get_context_data(course=self.course, **kwargs)


class AssignmentFormView(TeachersOnlyMixin, FormView[AssignmentForm]):
    """Write an assignment, a new one or one that is there."""

    template_name = "assignments/assignment_form.html"
    form_class = AssignmentForm
    course: Course
    assignment: Assignment | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Find what is written on, if the user may write on it."""
        if self.test_func():
            self.course = editable_or_403(Course.objects.all(), request.user, slug=kwargs["slug"])
            if "assignment_id" in kwargs:
                self.assignment = get_object_or_404(Assignment, pk=kwargs["assignment_id"], course=self.course)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the course, and the assignment if there is one."""
        return {**super().get_form_kwargs(), "course": self.course, "instance": self.assignment}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course, the assignment, and the files beside its brief."""
        files = self.assignment.files.select_related("file") if self.assignment else []
        return super().get_context_data(course=self.course, assignment=self.assignment, files=files, **kwargs)

    def form_valid(self, form: AssignmentForm) -> HttpResponse:
        """Save, and go back to the list."""
        actor, fields = signed_in(self.request), form.cleaned_data
        if self.assignment is None:
            saved = attempt(form, services.create_assignment, actor=actor, course=self.course, **fields)
        else:
            saved = attempt(form, services.update_assignment, actor=actor, assignment=self.assignment, **fields)
        if saved is None:
            return self.form_invalid(form)
        messages.success(self.request, _("“%s” is saved.") % saved.title)
        return redirect("assignments:list", self.course.slug)


def _editable(request: HttpRequest, assignment_id: uuid.UUID) -> Assignment:
    return editable_or_403(Assignment.objects.select_related("course"), request.user, pk=assignment_id)


def _form_of(assignment: Assignment) -> str:
    return reverse("assignments:edit", args=[assignment.course.slug, assignment.pk]) + "#files"


@require_POST
def delete(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Delete an assignment that nobody has handed in to."""
    found = _editable(request, assignment_id)
    attempt_or_say(request, services.delete_assignment, actor=signed_in(request), assignment=found)
    return redirect("assignments:list", found.course.slug)


@require_POST
def add_file(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Put files beside the brief."""
    found = _editable(request, assignment_id)
    try:
        with transaction.atomic():  # all files or none, so that the form can be sent again
            for content in received(request):
                services.attach(actor=signed_in(request), assignment=found, content=content)
    except DomainError as error:
        return upload_refused(request, error, _form_of(found))
    return go_on(request, _form_of(found))


@require_POST
def remove_file(request: HttpRequest, assignment_id: uuid.UUID, file_id: uuid.UUID) -> HttpResponse:
    """Take a file away from the brief."""
    found = _editable(request, assignment_id)
    attached = get_object_or_404(AssignmentFile.objects.select_related("file"), assignment=found, file=file_id)
    services.take_out(actor=signed_in(request), attached=attached)
    return go_on(request, _form_of(found))


@require_POST
def release(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Show students the grades that were held back."""
    found = _editable(request, assignment_id)
    count = grading.release_grades(actor=signed_in(request), assignment=found)
    messages.success(request, _("%d grades are shown to their students now.") % count)
    return redirect("assignments:list", found.course.slug)
