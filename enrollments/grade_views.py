"""The student's grades and calendar."""

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
from enrollments import calendar
from enrollments.final_grades import grades_of, grades_of_many
from enrollments.models import CalendarFeed, Enrollment
from enrollments.views import EnrolledMixin
from lms.lib.paging import page_of
from lms.platform.models import SiteSettings


class GradesView(LoginRequiredMixin, TemplateView):
    """My grades in every course, the last used first. The same queries for any number of courses."""

    template_name = "enrollments/grade_list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a page of enrolments, each with its final grade so far."""
        mine = Enrollment.objects.filter(user=signed_in(self.request)).select_related("course")
        page = page_of(self.request, mine)
        rows = grades_of_many(list(page))
        return super().get_context_data(page_obj=page, rows=rows, **kwargs)


class CourseGradesView(EnrolledMixin, TemplateView):
    """My grades in one course, and how the final one comes about."""

    template_name = "enrollments/grade_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the enrolment with its grades."""
        enrollment = self._enrollment()
        grades = grades_of(enrollment)
        return super().get_context_data(enrollment=enrollment, course=enrollment.course, grades=grades, **kwargs)


class CalendarView(LoginRequiredMixin, TemplateView):
    """What is due, by day, and the address for other calendars."""

    template_name = "enrollments/calendar.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is due, and the private address."""
        user = signed_in(self.request)
        due = calendar.due_for(user)
        # The first call of `feed_of` creates the feed, which HEAD must not.
        feed_url = "" if self.request.method == "HEAD" else calendar.address_of(calendar.feed_of(user))
        coming = [one for one in due if not one.is_past]
        missed = [one for one in due if one.is_past and not one.is_graded]
        return super().get_context_data(coming=coming, missed=missed, feed_url=feed_url, **kwargs)


@login_required
@require_POST
def reset_calendar(request: HttpRequest) -> HttpResponse:
    """Give my calendar another address."""
    calendar.reset_feed(actor=signed_in(request), user=signed_in(request))
    messages.success(request, _("Your calendar has a new address. The old one opens nothing any more."))
    return redirect("enrollments:calendar")


@require_safe
def calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar of whoever the address belongs to, for other programs; they do not log in."""
    feed = get_object_or_404(CalendarFeed.objects.by_token(token).select_related("user"))
    name = SiteSettings.current().name
    body = calendar.as_icalendar(feed.user, name=name, site_url=settings.SITE_URL)
    headers = {"Content-Disposition": 'inline; filename="calendar.ics"', "Cache-Control": "private, max-age=900"}
    return HttpResponse(body, content_type="text/calendar; charset=utf-8", headers=headers)
