"""Shapes of what the reports are asked for, and of what they answer."""

from typing import Any

from rest_framework import serializers

from analytics.periods import INTERVALS, Period, last_days
from analytics.ranges import named_period, what_is_wrong
from lms.lib import money
from lms.platform.models import SiteSettings

FORMATS = ("json", "csv")


class PeriodSerializer(serializers.Serializer[Any]):
    """Which days, cut into what: inclusive, in the site's time zone; the last 30 where nothing is said."""

    date_from = serializers.DateField(required=False)
    date_to = serializers.DateField(required=False)
    interval = serializers.ChoiceField(choices=list(INTERVALS), default="day")
    currency = serializers.ChoiceField(choices=list(money.CURRENCIES), required=False)
    format = serializers.ChoiceField(choices=FORMATS, default="json")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse days in the wrong order, and more of them than anybody reads."""
        wrong = what_is_wrong(attrs.get("date_from"), attrs.get("date_to"))
        if wrong:
            raise serializers.ValidationError({"date_from": wrong})
        return attrs

    def period(self) -> Period:
        """Return the days that were asked for; 30 of them where only one end is named."""
        found = self.named_period()
        return found or Period(last_days().first, last_days().last, self.validated_data["interval"])

    def named_period(self) -> Period | None:
        """Return the days, None where no end of them is named."""
        asked = self.validated_data
        return named_period(asked.get("date_from"), asked.get("date_to"), asked["interval"])

    def wanted_currency(self) -> str:
        """Return the currency that was asked for, or the site's."""
        return str(self.validated_data.get("currency") or SiteSettings.current().currency)


class OverviewFiguresSerializer(serializers.Serializer[Any]):
    """Figures of the whole site; money is net."""

    total_users = serializers.IntegerField()
    total_courses = serializers.IntegerField()
    total_enrollments = serializers.IntegerField()
    total_revenue = serializers.IntegerField()
    active_users_30d = serializers.IntegerField()
    new_enrollments_30d = serializers.IntegerField()


class OverviewSerializer(OverviewFiguresSerializer):
    """The whole site; money is in the minor unit of `currency`. `before` is of as many days just before those that were
    asked for, null where none were."""

    currency = serializers.CharField()
    before = OverviewFiguresSerializer(allow_null=True)


class FunnelStepSerializer(serializers.Serializer[Any]):
    """How many of the enrolled have completed a lesson."""

    lesson_id = serializers.UUIDField()
    title = serializers.CharField()
    completed = serializers.IntegerField()
    percent = serializers.FloatField()


class CourseFiguresSerializer(serializers.Serializer[Any]):
    """Figures of a course; rates are percent, money is net."""

    total_enrollments = serializers.IntegerField()
    active_learners_30d = serializers.IntegerField()
    completion_rate = serializers.FloatField()
    average_progress = serializers.FloatField()
    average_grade = serializers.FloatField(allow_null=True)
    revenue = serializers.IntegerField()


class CourseAnalyticsSerializer(CourseFiguresSerializer):
    """How a course does; money is in the minor unit of `currency`. `before` is of as many days just before those
    that were asked for, null where none were."""

    course_id = serializers.UUIDField()
    title = serializers.CharField()
    average_rating = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()
    funnel = FunnelStepSerializer(many=True)
    before = CourseFiguresSerializer(allow_null=True)


class EnrollmentFiguresSerializer(serializers.Serializer[Any]):
    """Who enrolled, who completed, who learned."""

    enrollments = serializers.IntegerField()
    completions = serializers.IntegerField()
    active = serializers.IntegerField()


class RevenueFiguresSerializer(serializers.Serializer[Any]):
    """Money in the minor unit; refunds are taken off `net`."""

    orders = serializers.IntegerField()
    gross = serializers.IntegerField()
    refunds = serializers.IntegerField()
    net = serializers.IntegerField()


class EnrollmentPointSerializer(EnrollmentFiguresSerializer):
    """One interval, by its first day."""

    date = serializers.DateField()


class RevenuePointSerializer(RevenueFiguresSerializer):
    """One interval, by its first day."""

    date = serializers.DateField()


class EnrollmentCourseSerializer(EnrollmentFiguresSerializer):
    """One course."""

    course_id = serializers.UUIDField()
    title = serializers.CharField()


class RevenueCourseSerializer(RevenueFiguresSerializer):
    """One course."""

    course_id = serializers.UUIDField()
    title = serializers.CharField()


class EnrollmentReportSerializer(serializers.Serializer[Any]):
    """Enrolments over time."""

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
        """The one currency of all of it."""
        return str(self.context["currency"])


class ActivitySerializer(serializers.Serializer[Any]):
    """One interval of somebody's learning."""

    date = serializers.DateField()
    lessons_completed = serializers.IntegerField()
    quarters = serializers.IntegerField(help_text="Quarters of an hour in which they did something.")


class UserAnalyticsSerializer(serializers.Serializer[Any]):
    """What somebody has done."""

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
