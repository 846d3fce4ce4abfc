"""`/analytics/*` of the API (seed, "Analytics Module")."""

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Role, User, has_role
from accounts.permissions import IsAdmin, Teaches, signed_in
from analytics import people_reports, reports
from analytics.course_reports import course_report
from analytics.serializers import (
    CourseAnalyticsSerializer,
    EnrollmentReportSerializer,
    OverviewSerializer,
    PeriodSerializer,
    RevenueReportSerializer,
    UserAnalyticsSerializer,
)
from courses.models import Course
from lms.lib.scoping import editable_or_403, visible_or_404
from lms.lib.spreadsheets import csv_response


def documented(answer: type[serializers.BaseSerializer[Any]], *, csv: bool = False, path: str = "") -> Any:
    """Return the decorator that describes a report in the OpenAPI document; `path` names the id in its address."""
    answers: dict[Any, Any] = {(200, "application/json"): answer}
    if csv:
        answers[(200, "text/csv")] = OpenApiResponse(OpenApiTypes.STR)
    parameters: list[Any] = [PeriodSerializer]
    if path:
        parameters.append(OpenApiParameter(path, OpenApiTypes.UUID, OpenApiParameter.PATH))
    return extend_schema(parameters=parameters, responses=answers)


class ReportView(APIView):
    """A report over some days."""

    def asked(self, request: Request) -> PeriodSerializer:
        """Return what the query asks for; 400 for days that make no sense."""
        shape = PeriodSerializer(data=request.query_params)
        shape.is_valid(raise_exception=True)
        return shape

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Answer in JSON, whatever `?format=` says: DRF would look for a renderer of that name."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type


class OverviewView(ReportView):
    """The whole site."""

    permission_classes = (IsAdmin,)

    @documented(OverviewSerializer)
    def get(self, request: Request) -> Response:
        """Totals, and the last 30 days; with days, the same of as many days before."""
        asked = self.asked(request)
        currency = asked.wanted_currency()
        days = asked.named_period()
        figures: dict[str, Any] = dict(reports.overview(days, currency))
        figures["before"] = reports.overview(days.before(), currency) if days else None
        return Response(OverviewSerializer({**figures, "currency": currency}).data)


class EnrollmentsView(ReportView):
    """Enrolments over time."""

    permission_classes = (IsAdmin,)

    @documented(EnrollmentReportSerializer, csv=True)
    def get(self, request: Request) -> Any:
        """Enrolments, completions and active people by interval and by course."""
        asked = self.asked(request)
        report = reports.enrollment_report(asked.period())
        if asked.validated_data["format"] == "csv":
            return csv_response(reports.as_rows(report), "enrollments.csv")
        return Response(EnrollmentReportSerializer(report).data)


class RevenueView(ReportView):
    """Revenue over time."""

    permission_classes = (IsAdmin,)

    @documented(RevenueReportSerializer, csv=True)
    def get(self, request: Request) -> Any:
        """Orders, gross, refunds and net by interval and by course, in one currency."""
        asked = self.asked(request)
        currency = asked.wanted_currency()
        report = reports.revenue_report(asked.period(), currency)
        if asked.validated_data["format"] == "csv":
            return csv_response(reports.as_rows(report), f"revenue-{currency.lower()}.csv")
        return Response(RevenueReportSerializer(report, context={"currency": currency}).data)


class CourseView(ReportView):
    """How one course does, for its own instructor and admins."""

    permission_classes = (Teaches,)

    @documented(CourseAnalyticsSerializer, csv=True, path="course_id")
    def get(self, request: Request, course_id: str) -> Any:
        """Enrolments, completion, progress, rating, grades, revenue, and where people stop."""
        course = editable_or_403(Course.objects.all(), request.user, pk=course_id)
        asked = self.asked(request)
        currency = str(asked.validated_data.get("currency") or course.currency)
        days = asked.named_period()
        report = course_report(course, days, currency)
        report["before"] = course_report(course, days.before(), currency) if days else None
        if asked.validated_data["format"] == "csv":
            rows = [["lesson", "completed"], *([step["title"], step["completed"]] for step in report["funnel"])]
            return csv_response(rows, f"{course.slug}.csv")
        return Response(CourseAnalyticsSerializer(report).data)


class UserView(ReportView):
    """What one person has done: for themselves and admins."""

    permission_classes = (IsAuthenticated,)

    @documented(UserAnalyticsSerializer, path="user_id")
    def get(self, request: Request, user_id: str) -> Response:
        """Courses, lessons, grades, and the days of learning."""
        asked = self.asked(request)
        report = people_reports.user_report(self._person(request, user_id), asked.period())
        return Response(UserAnalyticsSerializer(report).data)

    def _person(self, request: Request, user_id: str) -> User:
        """Return the user that the path names; 404 for anybody else's, as for one that does not exist."""
        me = signed_in(request)
        if user_id == str(me.pk):
            return me
        if not has_role(me, Role.ADMIN):
            raise Http404
        return visible_or_404(User.objects.all(), me, pk=user_id)
