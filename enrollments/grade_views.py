"""Pages of the student's grades and calendar."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import TemplateView

from accounts.permissions import signed_in
from core.access.impersonation import is_impersonating
from core.http.pagination import paginate
from core.models import SiteSettings
from enrollments import calendar
from enrollments.final_grades import get_final_grade, get_final_grades
from enrollments.models import CalendarFeed, Enrollment
from enrollments.views import EnrolledMixin


class GradesView(LoginRequiredMixin, TemplateView):
    """The user's final grades in all courses, last active first. A constant number of queries."""

    template_name = "enrollments/grade_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a page of enrollments, each with its current final grade."""
        enrollments = Enrollment.objects.filter(user=signed_in(self.request)).select_related("course")
        page = paginate(self.request, enrollments)
        rows = get_final_grades(list(page))
        return super().get_context_data(page_obj=page, rows=rows, **kwargs)


class CourseGradesView(EnrolledMixin, TemplateView):
    """The user's grades in one course, with the calculation of the final grade."""

    template_name = "enrollments/grade_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the enrollment, the course and the grades."""
        enrollment = self.get_enrollment()
        grades = get_final_grade(enrollment)
        return super().get_context_data(enrollment=enrollment, course=enrollment.course, grades=grades, **kwargs)


class CalendarView(LoginRequiredMixin, TemplateView):
    """Upcoming and overdue work, and the URL of the calendar feed."""

    template_name = "enrollments/calendar.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add upcoming and overdue work and the URL of the feed."""
        user = signed_in(self.request)
        due_work = calendar.list_due_work(user)
        # The first call of `get_calendar_feed()` creates the feed, which a HEAD request must not do. The URL works
        # without a login, so staff who impersonate the user must not see it.
        is_hidden = self.request.method == "HEAD" or is_impersonating()
        feed_url = "" if is_hidden else calendar.get_feed_url(calendar.get_calendar_feed(user))
        upcoming = [due for due in due_work if not due.is_past]
        overdue = [due for due in due_work if due.is_overdue]
        return super().get_context_data(upcoming=upcoming, overdue=overdue, feed_url=feed_url, **kwargs)


@login_required
@require_POST
def reset_calendar(request: HttpRequest) -> HttpResponse:
    """Replace the URL of the user's calendar feed."""
    calendar.reset_feed(actor=signed_in(request), user=signed_in(request))
    messages.success(request, _("Calendar link replaced. The old link no longer works."))
    return redirect("enrollments:calendar")


@require_safe
def calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """Return the calendar feed of the token's user, without login, as calendar programs request it."""
    feed = get_object_or_404(CalendarFeed.objects.by_token(token).select_related("user"))
    name = SiteSettings.current().name
    body = calendar.render_icalendar(feed.user, name=name, site_url=settings.SITE_URL)
    headers = {"Content-Disposition": 'inline; filename="calendar.ics"', "Cache-Control": "private, max-age=900"}
    return HttpResponse(body, content_type="text/calendar; charset=utf-8", headers=headers)
