"""Analytics pages: the whole site for admins, a course and its students for its teachers; and exports."""

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
from analytics import presentation
from analytics.course_reports import course_snapshot, period_figures
from analytics.export_requests import request_export
from analytics.models import Export, ExportKind, Figure
from analytics.people_reports import activity_series
from analytics.periods import Period, last_days
from analytics.ranges import RangeForm
from analytics.reports import MONEY, Report, enrollment_report, revenue_figures, revenue_report
from analytics.risk import risk_reasons
from analytics.rollup_reader import RollupReader
from core.access.scopes import editable_or_403
from core.http.forms import call_or_show_message
from core.http.pagination import PAGE_SIZE
from core.templatetags.components import duration
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from enrollments.final_grades import get_final_grade
from enrollments.models import Enrollment

PRESETS = (7, 30, 90, 365)
MAX_COURSES = 12
QUARTER_MINUTES = 15


class ReportPage(TemplateView):
    """Base view of a page about the period in its query string. An invalid period answers 400 with the error."""

    request: HttpRequest

    @cached_property
    def form(self) -> RangeForm:
        """Return the form of the period, filled with the default period if the query has no dates."""
        data = {name: self.request.GET[name] for name in RangeForm.base_fields if self.request.GET.get(name)}
        if "date_from" not in data and "date_to" not in data:
            usual = last_days()
            data |= {"date_from": usual.first.isoformat(), "date_to": usual.last.isoformat()}
        return RangeForm(data)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().get(request, *args, **kwargs)
        if not self.form.is_valid():
            response.status_code = 400
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the period and its form."""
        period = self.form.period()
        if self.form.is_valid():  # fill in the defaults that the query left out
            self.form.data = {**presentation.query_params(period)}
        presets = [(days, last_days(days)) for days in PRESETS]
        return super().get_context_data(form=self.form, period=period, presets=presets, **kwargs)


class OverviewView(LoginRequiredMixin, ReportPage):
    """Analytics of the whole site. About thirty queries, over the roll-ups."""

    template_name = "analytics/overview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the figures. Raise PermissionDenied unless the user is an admin."""
        if not has_role(self.request.user, Role.ADMIN):
            raise PermissionDenied(_("These pages are for administrators."))
        context = super().get_context_data(**kwargs)
        period: Period = context["period"]
        reader = RollupReader()
        learning = enrollment_report(period, reader=reader)
        money = _revenue(reader, period)
        people = reader.sums_by_period([(days, (Figure.JOINED,)) for days in (period, period.previous())])
        joined, before = (one.of(Figure.JOINED) for one in people)
        return {
            **context,
            "tiles": [
                presentation.comparison_tile(_("New accounts"), joined, before),
                *presentation.learning_tiles(learning.totals, learning.before),
                *presentation.money_tiles(*money),
            ],
            "charts": [*_learning_charts(reader, period, learning), *_money_charts(reader, period, list(money[0]))],
            "courses": learning.by_course[:MAX_COURSES],
            "earners": _top_earners(reader, period, list(money[0])),
            "query": presentation.query_params(period),
            "state": reader.state,
        }


class CourseView(TeachersOnlyMixin, ReportPage):
    """Analytics of one course, for its editors."""

    template_name = "analytics/course.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the figures of the period, and the snapshot of the students at its end."""
        course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        context = super().get_context_data(course=course, **kwargs)
        period: Period = context["period"]
        reader = RollupReader([course.pk])
        snapshot = course_snapshot(course, reader, period.last)
        money = _revenue(reader, period, course.currency if not course.is_free else "")
        now, before = (period_figures(course, reader, days, course.currency) for days in (period, period.previous()))
        funnel, where_they_stop = presentation.funnel_shares(snapshot)
        return {
            **context,
            "tiles": [*presentation.learning_tiles(now, before), *presentation.money_tiles(*money)],
            "snapshot": presentation.snapshot_tiles(snapshot, course.average_rating),
            "charts": [*_learning_charts(reader, period), *_money_charts(reader, period, list(money[0]))],
            "funnel": funnel,
            "where_they_stop": where_they_stop,
            "results": presentation.work_shares(snapshot),
            "durations": presentation.duration_shares(snapshot),
            "query": presentation.query_params(period),
        }


def _revenue(reader: RollupReader, period: Period, usual: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the revenue of the period and of the previous one, by currency.

    Includes each currency with orders or refunds in either period, and the currency `usual`.
    """
    sums = reader.sums_by_period([(days, MONEY) for days in (period, period.previous())])
    moved = {name for one in sums for figure in MONEY for name in one.by_subject(figure)}
    currencies = sorted(moved | ({usual} if usual else set()))
    now, before = ({currency: revenue_figures(one, currency) for currency in currencies} for one in sums)
    return now, before


def _learning_charts(reader: RollupReader, period: Period, report: Report | None = None) -> list[Any]:
    """Return the charts of enrollments and active learners, compared with the previous period.

    `report` is a report on the same period, if the page has one: it saves counting again.
    """
    earlier = period.previous()
    before = reader.series(earlier, (Figure.ENROLLMENTS,))[Figure.ENROLLMENTS]
    if report:
        enrolled, active = ({row["date"]: row[name] for row in report.series} for name in ("enrollments", "active"))
    else:
        enrolled = reader.series(period, (Figure.ENROLLMENTS,))[Figure.ENROLLMENTS]
        active = reader.active_series(period)
    return [
        presentation.build_chart(_("New enrollments"), period, enrolled, before),
        presentation.build_chart(_("Active learners"), period, active, reader.active_series(earlier)),
    ]


def _money_charts(reader: RollupReader, period: Period, currencies: list[str]) -> list[Any]:
    """Return a chart of net revenue for each currency."""
    charts = []
    for currency in currencies:
        now, before = (
            presentation.net_by_day(reader.series(days, MONEY, currency)) for days in (period, period.previous())
        )
        title = _("Net revenue (%s)") % currency
        charts.append(presentation.build_chart(title, period, now, before, presentation.amount_formatter(currency)))
    return charts


def _top_earners(reader: RollupReader, period: Period, currencies: list[str]) -> list[dict[str, Any]]:
    """Return the courses with the most orders in each currency, with their net revenue."""
    return [
        {**row, "amount": presentation.amount_formatter(currency)(row["net"]), "currency": currency}
        for currency in currencies
        for row in revenue_report(period, currency, reader=reader).by_course[:MAX_COURSES]
    ]


class StudentView(TeachersOnlyMixin, ReportPage):
    """Activity, grades and risk of one student in a course."""

    template_name = "analytics/student.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the figures of the student. Raise Http404 for a student of another course."""
        course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        rows = Enrollment.objects.filter(course=course).with_progress().select_related("user", "course")
        enrollment = get_object_or_404(rows, pk=self.kwargs["enrollment_id"])
        context = super().get_context_data(course=course, enrollment=enrollment, **kwargs)
        period: Period = context["period"]
        activity = activity_series(Enrollment.objects.filter(pk=enrollment.pk), period)
        minutes = {row["date"]: QUARTER_MINUTES * row["quarters"] for row in activity}
        lessons = {row["date"]: row["lessons_completed"] for row in activity}
        grades = get_final_grade(enrollment)
        return {
            **context,
            "risk": risk_reasons(enrollment),
            "grades": grades,
            "tiles": _student_tiles(enrollment, grades, sum(minutes.values())),
            "charts": [
                presentation.build_chart(_("Time spent (minutes)"), period, minutes),
                presentation.build_chart(_("Lessons completed"), period, lessons),
            ],
        }


def _student_tiles(enrollment: Enrollment, grades: Any, minutes: int) -> list[presentation.Tile]:
    done = _("%(done)d of %(all)d lessons") % {"done": enrollment.lessons_done, "all": enrollment.course.lessons_count}
    return [
        presentation.Tile(_("Progress"), f"{enrollment.progress_percentage}%", note=done),
        presentation.Tile(
            _("Current grade"), presentation.DASH if grades.percent is None else f"{grades.percent:.0f}%"
        ),
        presentation.Tile(_("Time spent"), duration(minutes), note=_("in quarters of an hour")),
        presentation.Tile(_("Last seen"), presentation.format_day(enrollment.last_activity_at)),
    ]


class ExportsView(LoginRequiredMixin, ListView[Export]):
    """The user's exports, with their progress and downloads."""

    template_name = "analytics/exports.html"
    context_object_name = "exports"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Export]:
        return Export.objects.visible_to(self.request.user).select_related("course", "file")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether an export is still running, so that the page polls."""
        context = super().get_context_data(**kwargs)
        return {**context, "is_waiting": any(not one.is_finished for one in context["exports"])}


@login_required
@require_POST
def export_course(request: HttpRequest, slug: str) -> HttpResponse:
    """Request an export of the students of a course."""
    course = editable_or_403(Course.objects.all(), request.user, slug=slug)
    return _request_export(request, kind=ExportKind.STUDENTS, course=course)


@login_required
@require_POST
def export_site(request: HttpRequest) -> HttpResponse:
    """Request an export of the site's enrollments or ledger. Raise PermissionDenied unless the user is an admin."""
    if not has_role(request.user, Role.ADMIN):
        raise PermissionDenied(_("These pages are for administrators."))
    form = RangeForm(request.POST)
    kind = ExportKind.LEDGER if request.POST.get("kind") == ExportKind.LEDGER else ExportKind.ENROLLMENTS
    if not form.is_valid():
        messages.error(request, _("Enter a valid date range."))
        return redirect("analytics:overview")
    return _request_export(request, kind=kind, period=form.period())


def _request_export(request: HttpRequest, **options: Any) -> HttpResponse:
    call_or_show_message(request, request_export, actor=signed_in(request), **options)
    return redirect("analytics:exports")
