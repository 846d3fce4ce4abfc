"""Pages of join links."""

import uuid

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import signed_in
from core.access.scopes import editable_or_403, visible_or_404
from core.http.forms import call_or_show_message
from courses.models import Course
from enrollments import join_links
from enrollments.errors import EnrollmentError
from enrollments.forms import JoinLinkForm
from enrollments.models import JoinLink


@require_http_methods(["GET", "HEAD", "POST"])
def show_join_link(request: HttpRequest, key: str) -> HttpResponse:
    """Show the course of a join link (GET), also to visitors, or join it (POST).

    A GET request does not enroll, because messengers may request links for previews.
    """
    try:
        link = join_links.get_join_link(key)
    except EnrollmentError as error:
        raise Http404 from error
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if call_or_show_message(request, join_links.join_course, actor=signed_in(request), link=link):
            return redirect("enrollments:learn", link.course.slug)
        return redirect("enrollments:join", key)
    context = {"course": link.course, "problem": join_links.describe_problem(link)}
    response = render(request, "enrollments/join.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_POST
def create_link(request: HttpRequest, slug: str) -> HttpResponse:
    """Create a join link of a course."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    form = JoinLinkForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
    elif call_or_show_message(
        request, join_links.create_join_link, actor=signed_in(request), course=course, **form.cleaned_data
    ):
        messages.success(request, _("Join link created."))
    return _redirect_to_links(slug)


@require_POST
def revoke_link(request: HttpRequest, slug: str, link_id: uuid.UUID) -> HttpResponse:
    """Turn off a join link."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    link = visible_or_404(JoinLink.objects.filter(course=course), request.user, pk=link_id)
    if call_or_show_message(request, join_links.revoke_join_link, actor=signed_in(request), link=link):
        messages.success(request, _("The join link was turned off."))
    return _redirect_to_links(slug)


def _redirect_to_links(slug: str) -> HttpResponse:
    return redirect(f"{reverse('enrollments:students', args=[slug])}?links=open#join-links")
