"""API views of `/analytics/*`."""

from typing import Any, TypeVar

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
    CourseQuerySerializer,
    EnrollmentQuerySerializer,
    EnrollmentReportSerializer,
    FormatSerializer,
    OverviewQuerySerializer,
    OverviewSerializer,
    PeriodSerializer,
    RevenueQuerySerializer,
    RevenueReportSerializer,
    UserAnalyticsSerializer,
    UserQuerySerializer,
)
from core.access.scopes import editable_or_403, visible_or_404
from core.text.csv_files import csv_response
from courses.models import Course

Query = TypeVar("Query", bound=PeriodSerializer)


def report_schema(
    query: type[PeriodSerializer], response: type[serializers.BaseSerializer[Any]], path: str = ""
) -> Any:
    """Return the decorator that describes a report in the OpenAPI document; `path` is the name of the id in its URL."""
    responses: dict[Any, Any] = {(200, "application/json"): response}
    if issubclass(query, FormatSerializer):
        responses[(200, "text/csv")] = OpenApiResponse(OpenApiTypes.STR)
    parameters: list[Any] = [query]
    if path:
        parameters.append(OpenApiParameter(path, OpenApiTypes.UUID, OpenApiParameter.PATH))
    return extend_schema(parameters=parameters, responses=responses)


class ReportView(APIView):
    """Base view of the reports over a period."""

    def parse_query(self, request: Request, query_class: type[Query]) -> Query:
        """Return the validated query parameters. Raise ValidationError (400) for an invalid one."""
        serializer = query_class(data=request.query_params)
        serializer.is_valid(raise_exception=True)
        return serializer

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Return the JSON renderer: DRF would answer 404 for `?format=csv`, which names none of its renderers."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type


class OverviewView(ReportView):
    """Figures of the whole site."""

    permission_classes = (IsAdmin,)

    @report_schema(OverviewQuerySerializer, OverviewSerializer)
    def get(self, request: Request) -> Response:
        """Return totals and figures of the last 30 days; with dates, also those of the previous period."""
        query = self.parse_query(request, OverviewQuerySerializer)
        currency = query.requested_currency()
        period = query.requested_period()
        figures: dict[str, Any] = dict(reports.overview(period, currency))
        figures["before"] = reports.overview(period.previous(), currency) if period else None
        return Response(OverviewSerializer({**figures, "currency": currency}).data)


class EnrollmentsView(ReportView):
    """Enrollments over time."""

    permission_classes = (IsAdmin,)

    @report_schema(EnrollmentQuerySerializer, EnrollmentReportSerializer)
    def get(self, request: Request) -> Any:
        """Return enrollments, completions and active learners by interval and by course."""
        query = self.parse_query(request, EnrollmentQuerySerializer)
        report = reports.enrollment_report(query.period())
        if query.validated_data["format"] == "csv":
            return csv_response(reports.report_rows(report), "enrollments.csv")
        return Response(EnrollmentReportSerializer(report).data)


class RevenueView(ReportView):
    """Revenue over time."""

    permission_classes = (IsAdmin,)

    @report_schema(RevenueQuerySerializer, RevenueReportSerializer)
    def get(self, request: Request) -> Any:
        """Return orders, gross, refunds and net by interval and by course, in one currency."""
        query = self.parse_query(request, RevenueQuerySerializer)
        currency = query.requested_currency()
        report = reports.revenue_report(query.period(), currency)
        if query.validated_data["format"] == "csv":
            return csv_response(reports.report_rows(report), f"revenue-{currency.lower()}.csv")
        return Response(RevenueReportSerializer(report, context={"currency": currency}).data)


class CourseView(ReportView):
    """Figures of one course, for its instructor and for admins."""

    permission_classes = (Teaches,)

    @report_schema(CourseQuerySerializer, CourseAnalyticsSerializer, path="course_id")
    def get(self, request: Request, course_id: str) -> Any:
        """Return enrollments, completion, progress, rating, grades, revenue and the lesson funnel of a course."""
        course = editable_or_403(Course.objects.all(), request.user, pk=course_id)
        query = self.parse_query(request, CourseQuerySerializer)
        currency = str(query.validated_data.get("currency") or course.currency)
        period = query.requested_period()
        report = course_report(course, period, currency)
        report["before"] = course_report(course, period.previous(), currency) if period else None
        if query.validated_data["format"] == "csv":
            rows = [["lesson", "completed"], *([step["title"], step["completed"]] for step in report["funnel"])]
            return csv_response(rows, f"{course.slug}.csv")
        return Response(CourseAnalyticsSerializer(report).data)


class UserView(ReportView):
    """Figures of one user, for themselves and for admins."""

    permission_classes = (IsAuthenticated,)

    @report_schema(UserQuerySerializer, UserAnalyticsSerializer, path="user_id")
    def get(self, request: Request, user_id: str) -> Response:
        """Return courses, lessons, grades and activity of a user."""
        query = self.parse_query(request, UserQuerySerializer)
        report = people_reports.user_report(self._get_user(request, user_id), query.period())
        return Response(UserAnalyticsSerializer(report).data)

    def _get_user(self, request: Request, user_id: str) -> User:
        """Return the user of the URL. Raise Http404 for other users unless the caller is an admin."""
        me = signed_in(request)
        if user_id == str(me.pk):
            return me
        if not has_role(me, Role.ADMIN):
            raise Http404
        return visible_or_404(User.objects.all(), me, pk=user_id)
