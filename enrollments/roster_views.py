"""Pages of the students of a course and of invitations."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_filters.views import FilterView

from accounts.permissions import signed_in
from core.access.scopes import editable_or_403
from core.http.forms import call_or_show_message
from core.http.pagination import PAGE_SIZE
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments import invitations
from enrollments.filters import RosterFilter
from enrollments.forms import InvitationForm, JoinLinkForm
from enrollments.models import Enrollment


class StudentsView(TeachersOnlyMixin, FilterView):
    """The students of a course with their progress, by default newest first. A constant number of queries."""

    template_name = "enrollments/student_list.html"
    filterset_class = RosterFilter
    context_object_name = "enrollments"
    paginate_by = PAGE_SIZE
    strict = False

    def get_queryset(self) -> QuerySet[Enrollment]:
        """Return the course's enrollments, including ended ones."""
        self.course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        return Enrollment.objects.for_roster(self.course)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course, its pending invitations, its join links, its imports and the forms."""
        context = super().get_context_data(**kwargs)
        return {
            **context,
            "course": self.course,
            "invitations": list(self.course.invitations.pending()[:50]),
            "form": InvitationForm(),
            "links": list(self.course.join_links.unrevoked()),
            "link_form": JoinLinkForm(),
            "shows_links": "links" in self.request.GET,
            "imports": [made for made in self.course.roster_imports.all()[:5] if made.can_be_undone],
            "is_filtered": bool(self.request.GET.get("q")),
        }


@require_POST
def invite_student(request: HttpRequest, slug: str) -> HttpResponse:
    """Send an invitation to an email address."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    email = request.POST.get("email", "")
    actor = signed_in(request)
    try:
        sent = call_or_show_message(request, invitations.send_invitation, actor=actor, course=course, email=email)
    except ValidationError as error:
        sent = None
        messages.error(request, " ".join(error.messages))
    if sent:
        messages.success(request, _("Invitation sent to %s.") % sent.email)
    return redirect("enrollments:students", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def show_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation, also to visitors (GET), or accept it (POST).

    A GET request does not accept it, because email programs may request links for previews.
    """
    invitation = invitations.get_invitation(token)
    if invitation is None:
        raise Http404
    if request.method == "POST" and not request.user.is_authenticated:
        return redirect_to_login(request.path)
    if request.method == "POST" and call_or_show_message(
        request, invitations.accept_invitation, actor=signed_in(request), invitation=invitation
    ):
        return redirect("enrollments:learn", invitation.course.slug)
    return render(request, "enrollments/invitation.html", {"invitation": invitation, "course": invitation.course})
