"""Views of the assignment editor."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.generic import FormView, ListView

from accounts.permissions import signed_in
from assignments import grading, services
from assignments.forms import AssignmentForm
from assignments.models import Assignment, AssignmentFile
from core.access.scopes import editable_or_403
from core.http.errors import DomainError
from core.http.forms import call_or_show_message, call_service, redirect_or_location
from core.http.pagination import PAGE_SIZE
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from files.upload_handlers import received_files, upload_refused


class AssignmentListView(TeachersOnlyMixin, ListView[Assignment]):
    """List of a course's assignments with the number of submissions. The number of queries is constant."""

    template_name = "assignments/assignment_list.html"
    context_object_name = "assignments"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Assignment]:
        """Return the assignments of the course in order."""
        self.course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        rows = Assignment.objects.filter(course=self.course).select_related("lesson")
        return rows.annotate(
            submissions_count=Count("submissions__enrollment", distinct=True),
            to_release=Count(
                "submissions", filter=Q(submissions__graded_at__isnull=False, submissions__released_at=None)
            ),
        ).order_by("position", "created_at", "id")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course."""
        return super().get_context_data(course=self.course, **kwargs)


class AssignmentFormView(TeachersOnlyMixin, FormView[AssignmentForm]):
    """Creation and editing of an assignment."""

    template_name = "assignments/assignment_form.html"
    form_class = AssignmentForm
    course: Course
    assignment: Assignment | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Load the course and the assignment, if the user may edit them."""
        if self.test_func():
            self.course = editable_or_403(Course.objects.all(), request.user, slug=kwargs["slug"])
            if "assignment_id" in kwargs:
                self.assignment = get_object_or_404(Assignment, pk=kwargs["assignment_id"], course=self.course)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the course and the assignment, which is None for a new assignment."""
        return {**super().get_form_kwargs(), "course": self.course, "instance": self.assignment}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course, the assignment and its files."""
        files = self.assignment.files.select_related("file") if self.assignment else []
        return super().get_context_data(course=self.course, assignment=self.assignment, files=files, **kwargs)

    def form_valid(self, form: AssignmentForm) -> HttpResponse:
        """Save the assignment and redirect to the list."""
        actor, fields = signed_in(self.request), form.cleaned_data
        if self.assignment is None:
            saved = call_service(form, services.create_assignment, actor=actor, course=self.course, **fields)
        else:
            saved = call_service(form, services.update_assignment, actor=actor, assignment=self.assignment, **fields)
        if saved is None:
            return self.form_invalid(form)
        messages.success(self.request, _("“%s” saved.") % saved.title)
        return redirect("assignments:list", self.course.slug)


def _get_editable_assignment(request: HttpRequest, assignment_id: uuid.UUID) -> Assignment:
    return editable_or_403(Assignment.objects.select_related("course"), request.user, pk=assignment_id)


def _files_url(assignment: Assignment) -> str:
    return reverse("assignments:edit", args=[assignment.course.slug, assignment.pk]) + "#files"


@require_POST
def delete(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Delete an assignment without submissions."""
    assignment = _get_editable_assignment(request, assignment_id)
    call_or_show_message(request, services.delete_assignment, actor=signed_in(request), assignment=assignment)
    return redirect("assignments:list", assignment.course.slug)


@require_POST
def add_file(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Upload files to an assignment."""
    assignment = _get_editable_assignment(request, assignment_id)
    try:
        with transaction.atomic():  # all files or none, so that the form can be submitted again
            for content in received_files(request):
                services.attach_file(actor=signed_in(request), assignment=assignment, content=content)
    except DomainError as error:
        return upload_refused(request, error, _files_url(assignment))
    return redirect_or_location(request, _files_url(assignment))


@require_POST
def remove_file(request: HttpRequest, assignment_id: uuid.UUID, file_id: uuid.UUID) -> HttpResponse:
    """Remove a file from an assignment."""
    assignment = _get_editable_assignment(request, assignment_id)
    assignment_file = get_object_or_404(
        AssignmentFile.objects.select_related("file"), assignment=assignment, file=file_id
    )
    services.detach_file(actor=signed_in(request), assignment_file=assignment_file)
    return redirect_or_location(request, _files_url(assignment))


@require_POST
def release(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Release the grades that students cannot see yet."""
    assignment = _get_editable_assignment(request, assignment_id)
    count = grading.release_grades(actor=signed_in(request), assignment=assignment)
    messages.success(request, ngettext("%d grade released.", "%d grades released.", count) % count)
    return redirect("assignments:list", assignment.course.slug)
