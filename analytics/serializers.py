"""Serializers of report queries and reports."""

from typing import Any

from rest_framework import serializers

from analytics.periods import INTERVALS, Period, last_days
from analytics.ranges import period_from_dates, range_error
from core.models import SiteSettings
from core.text import money

FORMATS = ("json", "csv")


class PeriodSerializer(serializers.Serializer[Any]):
    """Query of a report: inclusive dates in the site's time zone, by default the last 30 days."""

    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reject an invalid date range."""
        error = range_error(attrs.get("date_from"), attrs.get("date_to"))
        if error:
            raise serializers.ValidationError({"date_from": error})
        return attrs

    def period(self) -> Period:
        """Return the requested period; 30 days if only one date, or none, is given."""
        found = self.requested_period()
        return found or Period(last_days().first, last_days().last, self._interval)

    def requested_period(self) -> Period | None:
        """Return the requested period, or None without dates."""
        data = self.validated_data
        return period_from_dates(data.get("date_from"), data.get("date_to"), self._interval)

    @property
    def _interval(self) -> str:
        return str(self.validated_data.get("interval", "day"))


class IntervalSerializer(serializers.Serializer[Any]):
    """Query parameter of reports over time."""

    interval = serializers.ChoiceField(choices=list(INTERVALS), default="day")


class CurrencySerializer(serializers.Serializer[Any]):
    """Query parameter of reports with amounts."""

    currency = serializers.ChoiceField(choices=list(money.CURRENCIES), required=False)

    def requested_currency(self) -> str:
        """Return the requested currency, by default the site's."""
        return str(self.validated_data.get("currency") or SiteSettings.current().currency)


class FormatSerializer(serializers.Serializer[Any]):
    """Query parameter of reports that are also CSV files."""

    format = serializers.ChoiceField(choices=FORMATS, default="json")


class OverviewQuerySerializer(CurrencySerializer, PeriodSerializer):
    """Query of the overview."""


class EnrollmentQuerySerializer(IntervalSerializer, FormatSerializer, PeriodSerializer):
    """Query of the enrollment report."""


class RevenueQuerySerializer(IntervalSerializer, CurrencySerializer, FormatSerializer, PeriodSerializer):
    """Query of the revenue report."""


class CourseQuerySerializer(CurrencySerializer, FormatSerializer, PeriodSerializer):
    """Query of the report of a course."""


class UserQuerySerializer(IntervalSerializer, PeriodSerializer):
    """Query of the report of a user."""


class OverviewFiguresSerializer(serializers.Serializer[Any]):
    """Figures of the whole site; revenue is net."""

    total_users = serializers.IntegerField()
    total_courses = serializers.IntegerField()
    total_enrollments = serializers.IntegerField()
    total_revenue = serializers.IntegerField()
    active_users_30d = serializers.IntegerField()
    new_enrollments_30d = serializers.IntegerField()


class OverviewSerializer(OverviewFiguresSerializer):
    """Figures of the whole site; money is in minor units of `currency`.

    `before` is the preceding period of the same length, null without dates.
    """

    currency = serializers.CharField()
    before = OverviewFiguresSerializer(allow_null=True)


class FunnelStepSerializer(serializers.Serializer[Any]):
    """Number of students who have completed a lesson."""

    lesson_id = serializers.UUIDField()
    title = serializers.CharField()
    completed = serializers.IntegerField()
    percent = serializers.FloatField()


class CourseFiguresSerializer(serializers.Serializer[Any]):
    """Figures of a course; rates are in percent, revenue is net."""

    total_enrollments = serializers.IntegerField()
    active_learners_30d = serializers.IntegerField()
    completion_rate = serializers.FloatField()
    average_progress = serializers.FloatField()
    average_grade = serializers.FloatField(allow_null=True)
    revenue = serializers.IntegerField()


class CourseAnalyticsSerializer(CourseFiguresSerializer):
    """Figures of a course; money is in minor units of `currency`.

    `before` is the preceding period of the same length, null without dates.
    """

    course_id = serializers.UUIDField()
    title = serializers.CharField()
    average_rating = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()
    funnel = FunnelStepSerializer(many=True)
    before = CourseFiguresSerializer(allow_null=True)


class EnrollmentFiguresSerializer(serializers.Serializer[Any]):
    """Enrollments, completions and active learners."""

    enrollments = serializers.IntegerField()
    completions = serializers.IntegerField()
    active = serializers.IntegerField()


class RevenueFiguresSerializer(serializers.Serializer[Any]):
    """Money in minor units; `net` is gross less refunds."""

    orders = serializers.IntegerField()
    gross = serializers.IntegerField()
    refunds = serializers.IntegerField()
    net = serializers.IntegerField()


class EnrollmentPointSerializer(EnrollmentFiguresSerializer):
    """Figures of one interval, identified by its first day."""

    date = serializers.DateField()


class RevenuePointSerializer(RevenueFiguresSerializer):
    """Figures of one interval, identified by its first day."""

    date = serializers.DateField()


class EnrollmentCourseSerializer(EnrollmentFiguresSerializer):
    """Figures of one course."""

    course_id = serializers.UUIDField()
    title = serializers.CharField()


class RevenueCourseSerializer(RevenueFiguresSerializer):
    """Figures of one course."""

    course_id = serializers.UUIDField()
    title = serializers.CharField()


class EnrollmentReportSerializer(serializers.Serializer[Any]):
    """Enrollments over time."""

    date_from = serializers.DateField(source="period.first")
    date_to = serializers.DateField(source="period.last")
    interval = serializers.CharField(source="period.interval")
    totals = EnrollmentFiguresSerializer()
    before = EnrollmentFiguresSerializer(help_text="The totals of as many days just before.")
    series = EnrollmentPointSerializer(many=True)
    by_course = EnrollmentCourseSerializer(many=True)


class RevenueReportSerializer(serializers.Serializer[Any]):
    """Revenue over time, in one currency."""

    date_from = serializers.DateField(source="period.first")
    date_to = serializers.DateField(source="period.last")
    interval = serializers.CharField(source="period.interval")
    currency = serializers.SerializerMethodField()
    totals = RevenueFiguresSerializer()
    before = RevenueFiguresSerializer(help_text="The totals of as many days just before.")
    series = RevenuePointSerializer(many=True)
    by_course = RevenueCourseSerializer(many=True)

    def get_currency(self, report: Any) -> str:
        return str(self.context["currency"])


class ActivitySerializer(serializers.Serializer[Any]):
    """Activity of a user in one interval."""

    date = serializers.DateField()
    lessons_completed = serializers.IntegerField()
    quarters = serializers.IntegerField(help_text="Quarters of an hour with activity.")


class UserAnalyticsSerializer(serializers.Serializer[Any]):
    """Figures of one user."""

    user_id = serializers.UUIDField()
    total_enrollments = serializers.IntegerField()
    completed_courses = serializers.IntegerField()
    lessons_completed = serializers.IntegerField()
    average_progress = serializers.FloatField()
    average_grade = serializers.FloatField(allow_null=True)
    last_activity_at = serializers.DateTimeField(allow_null=True)
    date_from = serializers.DateField()
    date_to = serializers.DateField()
    interval = serializers.CharField()
    activity = ActivitySerializer(many=True)
