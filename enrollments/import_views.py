"""Pages to add many students to a course at once, and to undo it."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from accounts.permissions import signed_in
from core.access.scopes import editable_or_403, visible_or_404
from core.http.errors import DomainError
from core.http.forms import call_or_show_message, call_service
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments import bulk_enrollment
from enrollments.bulk_enrollment import RosterPlan
from enrollments.forms import AddStudentsForm
from enrollments.models import RosterImport
from files.upload_handlers import received_files

MAX_LINES = 100  # of each group of a preview


@dataclass(frozen=True)
class PreviewGroup:
    """Students of a preview that are treated alike: the first lines, and the number of further ones."""

    title: str
    lines: list[str]
    more: int


def list_groups(plan: RosterPlan) -> list[PreviewGroup]:
    """Return the groups of a plan that have students."""
    groups: list[tuple[str, Iterable[str], int]] = [
        (_("Enrolled"), (f"{user.full_name} <{user.email}>" for user in plan.new), len(plan.new)),
        (_("Enrolled again"), (f"{row.user.full_name} <{row.user.email}>" for row in plan.ended), len(plan.ended)),
        (_("Invited, have no account yet"), (row.email for row in plan.invited), len(plan.invited)),
        (_("Invited again"), (invitation.email for invitation in plan.expired), len(plan.expired)),
        (_("Unchanged"), (row.email for row in plan.unchanged), len(plan.unchanged)),
    ]
    return [
        PreviewGroup(f"{title} ({count})", list(lines)[:MAX_LINES], max(0, count - MAX_LINES))
        for title, lines, count in groups
        if count
    ]


class AddStudentsView(TeachersOnlyMixin, FormView[AddStudentsForm]):
    """Add students by pasted addresses or by a CSV file: a preview first, then all or none."""

    template_name = "enrollments/add_students.html"
    form_class = AddStudentsForm
    plan: RosterPlan | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Find the course of the URL."""
        if request.user.is_authenticated:
            self.course = editable_or_403(Course.objects.all(), request.user, slug=kwargs["slug"])
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course and the preview."""
        plan = self.plan
        context = super().get_context_data(course=self.course, plan=plan, **kwargs)
        if plan is None:
            return context
        can_apply = not plan.errors and not plan.is_empty
        return {**context, "groups": list_groups(plan), "errors": plan.errors[:MAX_LINES], "can_apply": can_apply}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the preview; with `apply`, add the students."""
        try:
            received_files(request)  # raises the error of an upload that was stopped while it arrived
        except DomainError as error:
            messages.error(request, str(error.detail))
            return redirect("enrollments:add_students", self.course.slug)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AddStudentsForm) -> HttpResponse:
        """Show the preview with the students in the text field, or add them and redirect to the list of students."""
        preview = form.read_students()
        fields: dict[str, Any] = {"actor": signed_in(self.request), "course": self.course, "preview": preview}
        if "apply" in self.request.POST:
            notify = form.cleaned_data["notify"]
            self.plan = call_service(form, bulk_enrollment.import_students, notify=notify, **fields)
            if self.plan is not None and self.plan.import_id is not None:
                return self._redirect_to_students(self.plan)
        else:
            self.plan = call_service(form, bulk_enrollment.plan_import, **fields)
        if self.plan is None or form.cleaned_data["file"] is None:
            return self._show(form)
        if self.plan.errors:  # the text field cannot correct a file
            return self._show(AddStudentsForm())
        values = {"addresses": form.write_students(preview), "notify": form.cleaned_data["notify"]}
        return self._show(AddStudentsForm(initial=values))

    def _show(self, form: AddStudentsForm) -> HttpResponse:
        response = self.render_to_response(self.get_context_data(form=form))
        response.status_code = 400 if self.plan is None or self.plan.errors else 200
        return response

    def form_invalid(self, form: AddStudentsForm) -> HttpResponse:
        return self._show(form)

    def _redirect_to_students(self, plan: RosterPlan) -> HttpResponse:
        enrolled = ngettext("%d student was enrolled", "%d students were enrolled", plan.enrolled_count)
        invited = ngettext("%d was invited", "%d were invited", plan.invited_count)
        parts = [text % count for text, count in ((enrolled, plan.enrolled_count), (invited, plan.invited_count))]
        messages.success(self.request, f"{', '.join(parts)}.")
        return redirect("enrollments:students", self.course.slug)


@require_POST
def undo_import(request: HttpRequest, slug: str, import_id: uuid.UUID) -> HttpResponse:
    """Undo an import of students."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    made = visible_or_404(RosterImport.objects.filter(course=course), request.user, pk=import_id)
    actor = signed_in(request)
    report = call_or_show_message(request, bulk_enrollment.undo_import, actor=actor, roster_import=made)
    if report is not None:
        values = {"ended": report.ended, "withdrawn": report.withdrawn}
        messages.success(
            request, _("Undone. Ended enrollments: %(ended)d, withdrawn invitations: %(withdrawn)d.") % values
        )
        if report.kept:
            kept = ", ".join(enrollment.user.full_name for enrollment in report.kept[:MAX_LINES])
            messages.warning(request, _("These students have worked since, and stay: %s.") % kept)
    return redirect("enrollments:students", slug)
