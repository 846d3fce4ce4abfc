"""Who is in a course, for those who teach it; and the invitations."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic import ListView

from accounts.permissions import signed_in
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments import invitations
from enrollments.forms import InvitationForm
from enrollments.models import Enrollment
from lms.lib.pages import attempt_or_say
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import editable_or_403


class StudentsView(TeachersOnlyMixin, ListView[Enrollment]):
    """The students of a course with how far they are, newest first. The same queries for any number of them."""

    template_name = "enrollments/student_list.html"
    context_object_name = "enrollments"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Enrollment]:
        """Return the course's enrolments, ended ones too."""
        self.course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        rows = Enrollment.objects.filter(course=self.course).with_progress().select_related("user", "course")
        return rows.order_by("-enrolled_at", "id")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course, the invitations that nobody has accepted, and the form for another one."""
        waiting = list(self.course.invitations.waiting()[:50])
        context = super().get_context_data(**kwargs)
        return {**context, "course": self.course, "waiting": waiting, "form": InvitationForm()}


@require_POST
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite an address into a course."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    email = request.POST.get("email", "")
    try:
        invited = attempt_or_say(request, invitations.invite, actor=signed_in(request), course=course, email=email)
    except ValidationError as error:
        invited = None
        messages.error(request, " ".join(error.messages))
    if invited:
        messages.success(request, _("The invitation to %s is on its way.") % invited.email)
    return redirect("enrollments:students", slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation, and accept it: by a button, so that a mail program's preview uses nothing up."""
    found = invitations.invitation_of(token)
    if found is None:
        raise Http404
    if request.method == "POST" and attempt_or_say(
        request, invitations.accept, actor=signed_in(request), invitation=found
    ):
        return redirect("enrollments:learn", found.course.slug)
    return render(request, "enrollments/invitation.html", {"invitation": found, "course": found.course})
