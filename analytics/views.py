"""The pages of figures: the whole site for staff, a course and its students for who teaches it, and exports."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import ListView, TemplateView

from accounts.models import Role, has_role
from accounts.permissions import signed_in
from analytics import showing
from analytics.asking import ask_for_export
from analytics.course_reports import happened, standing_of
from analytics.models import Export, ExportKind, Figure
from analytics.people_reports import activity_of
from analytics.periods import Period, last_days
from analytics.ranges import RangeForm
from analytics.reports import MONEY, Report, enrollment_report, money_of, revenue_report
from analytics.risk import risk_of
from analytics.tallies import Reader
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments.final_grades import grades_of
from enrollments.models import Enrollment
from lms.lib.pages import attempt_or_say
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import editable_or_403
from lms.platform.templatetags.components import duration

PRESETS = (7, 30, 90, 365)
MOST_COURSES = 12
QUARTER_MINUTES = 15


class ReportPage(TemplateView):
    """A page about some days, which stand in its address. Days that make no sense are 400, and say why."""

    request: HttpRequest

    @cached_property
    def form(self) -> RangeForm:
        """The form of the days, filled with those that are shown where none are asked for."""
        asked = {name: self.request.GET[name] for name in RangeForm.base_fields if self.request.GET.get(name)}
        if "date_from" not in asked and "date_to" not in asked:
            usual = last_days()
            asked |= {"date_from": usual.first.isoformat(), "date_to": usual.last.isoformat()}
        return RangeForm(asked)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer with the page; with status 400 where the days make no sense."""
        response = super().get(request, *args, **kwargs)
        if not self.form.is_valid():
            response.status_code = 400
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the days."""
        period = self.form.period()
        if self.form.is_valid():  # what is shown, where it was not said
            self.form.data = {**showing.queries(period)}
        presets = [(days, last_days(days)) for days in PRESETS]
        return super().get_context_data(form=self.form, period=period, presets=presets, **kwargs)


class OverviewView(LoginRequiredMixin, ReportPage):
    """The whole site: who came, who learned, what came in. Some thirty statements over the roll-ups."""

    template_name = "analytics/overview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the figures; 403 for who is no administrator."""
        if not has_role(self.request.user, Role.ADMIN):
            raise PermissionDenied(_("These pages are for administrators."))
        context = super().get_context_data(**kwargs)
        period: Period = context["period"]
        reader = Reader()
        learning = enrollment_report(period, reader=reader)
        money = _money(reader, period)
        people = reader.sums_of([(days, (Figure.JOINED,)) for days in (period, period.before())])
        joined, before = (one.of(Figure.JOINED) for one in people)
        return {
            **context,
            "tiles": [
                showing.compared(_("New people"), joined, before),
                *showing.learning_tiles(learning.totals, learning.before),
                *showing.money_tiles(*money),
            ],
            "charts": [*_learning_charts(reader, period, learning), *_money_charts(reader, period, list(money[0]))],
            "courses": learning.by_course[:MOST_COURSES],
            "earners": _earners(reader, period, list(money[0])),
            "query": showing.queries(period),
            "state": reader.state,
        }


class CourseView(TeachersOnlyMixin, ReportPage):
    """How one course does, for who may edit it."""

    template_name = "analytics/course.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what happened in the days, and how the students stood at their end."""
        course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        context = super().get_context_data(course=course, **kwargs)
        period: Period = context["period"]
        reader = Reader([course.pk])
        standing = standing_of(course, reader, period.last)
        money = _money(reader, period, course.currency if not course.is_free else "")
        now, before = (happened(course, reader, days, course.currency) for days in (period, period.before()))
        funnel, where_they_stop = showing.funnel(standing)
        return {
            **context,
            "tiles": [*showing.learning_tiles(now, before), *showing.money_tiles(*money)],
            "standing": showing.standing_tiles(standing, course.average_rating),
            "charts": [*_learning_charts(reader, period), *_money_charts(reader, period, list(money[0]))],
            "funnel": funnel,
            "where_they_stop": where_they_stop,
            "results": showing.results(standing),
            "durations": showing.durations(standing),
            "query": showing.queries(period),
        }


def _money(reader: Reader, period: Period, usual: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the revenue of the days, and of those before, by each currency that moved in either, or is `usual`."""
    sums = reader.sums_of([(days, MONEY) for days in (period, period.before())])
    moved = {name for one in sums for figure in MONEY for name in one.by_subject(figure)}
    currencies = sorted(moved | ({usual} if usual else set()))
    now, before = ({currency: money_of(one, currency) for currency in currencies} for one in sums)
    return now, before


def _learning_charts(reader: Reader, period: Period, report: Report | None = None) -> list[Any]:
    """Return the charts of enrolments and of active learners, with the days before; from a report, where there is one
    of the same days."""
    earlier = period.before()
    before = reader.series(earlier, (Figure.ENROLLMENTS,))[Figure.ENROLLMENTS]
    if report:
        enrolled, active = ({row["date"]: row[name] for row in report.series} for name in ("enrollments", "active"))
    else:
        enrolled = reader.series(period, (Figure.ENROLLMENTS,))[Figure.ENROLLMENTS]
        active = reader.active_series(period)
    return [
        showing.chart_of(_("New enrolments"), period, enrolled, before),
        showing.chart_of(_("Active learners"), period, active, reader.active_series(earlier)),
    ]


def _money_charts(reader: Reader, period: Period, currencies: list[str]) -> list[Any]:
    """Return a chart of the net revenue in each currency."""
    charts = []
    for currency in currencies:
        now, before = (showing.net(reader.series(days, MONEY, currency)) for days in (period, period.before()))
        title = _("Revenue, net, in %s") % currency
        charts.append(showing.chart_of(title, period, now, before, showing.amounts_in(currency)))
    return charts


def _earners(reader: Reader, period: Period, currencies: list[str]) -> list[dict[str, Any]]:
    """Return what the courses with the most orders earned in each currency."""
    return [
        {**row, "amount": showing.amounts_in(currency)(row["net"]), "currency": currency}
        for currency in currencies
        for row in revenue_report(period, currency, reader=reader).by_course[:MOST_COURSES]
    ]


class StudentView(TeachersOnlyMixin, ReportPage):
    """What one student has done in a course, how they stand, and whether they may be lost."""

    template_name = "analytics/student.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the student of the course that the address names."""
        course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        rows = Enrollment.objects.filter(course=course).with_progress().select_related("user", "course")
        enrollment = get_object_or_404(rows, pk=self.kwargs["enrollment_id"])
        context = super().get_context_data(course=course, enrollment=enrollment, **kwargs)
        period: Period = context["period"]
        activity = activity_of(Enrollment.objects.filter(pk=enrollment.pk), period)
        minutes = {row["date"]: QUARTER_MINUTES * row["quarters"] for row in activity}
        lessons = {row["date"]: row["lessons_completed"] for row in activity}
        grades = grades_of(enrollment)
        return {
            **context,
            "risk": risk_of(enrollment),
            "grades": grades,
            "tiles": _student_tiles(enrollment, grades, sum(minutes.values())),
            "charts": [
                showing.chart_of(_("Minutes at it"), period, minutes),
                showing.chart_of(_("Lessons completed"), period, lessons),
            ],
        }


def _student_tiles(enrollment: Enrollment, grades: Any, minutes: int) -> list[showing.Tile]:
    done = _("%(done)d of %(all)d lessons") % {"done": enrollment.lessons_done, "all": enrollment.course.lessons_count}
    return [
        showing.Tile(_("Progress"), f"{enrollment.progress_percentage}%", note=done),
        showing.Tile(_("Grade so far"), showing.NONE if grades.percent is None else f"{grades.percent:.0f}%"),
        showing.Tile(_("At it in these days"), duration(minutes), note=_("to a quarter of an hour")),
        showing.Tile(_("Last seen"), showing.day_of(enrollment.last_activity_at)),
    ]


class ExportsView(LoginRequiredMixin, ListView[Export]):
    """The files that somebody asked for: how far they are, and where to fetch them."""

    template_name = "analytics/exports.html"
    context_object_name = "exports"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Export]:
        """Return the user's own exports, newest first."""
        return Export.objects.visible_to(self.request.user).select_related("course", "file")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether something is still being written, so that the page looks again."""
        context = super().get_context_data(**kwargs)
        return {**context, "is_waiting": any(not one.is_over for one in context["exports"])}


@login_required
@require_POST
def export_course(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for the students of a course as a file."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    return _asked(request, kind=ExportKind.STUDENTS, course=course)


@login_required
@require_POST
def export_site(request: HttpRequest) -> HttpResponse:
    """Ask for the site's enrolments, or its ledger, of some days as a file."""
    if not has_role(request.user, Role.ADMIN):
        raise PermissionDenied(_("These pages are for administrators."))
    form = RangeForm(request.POST)
    kind = ExportKind.LEDGER if request.POST.get("kind") == ExportKind.LEDGER else ExportKind.ENROLLMENTS
    if not form.is_valid():
        messages.error(request, _("These days make no sense."))
        return redirect("analytics:overview")
    return _asked(request, kind=kind, period=form.period())


def _asked(request: HttpRequest, **what: Any) -> HttpResponse:
    attempt_or_say(request, ask_for_export, actor=signed_in(request), **what)
    return redirect("analytics:exports")
