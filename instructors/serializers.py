"""Serializers of instructor profiles and the teaching dashboard."""

from typing import Any

from rest_framework import serializers

from instructors.models import MAX_EXPERTISE, MAX_EXPERTISE_LENGTH, Instructor


class InstructorSerializer(serializers.ModelSerializer[Instructor]):
    """A public profile, identified by the id of its user (docs/api-contract.md, "Courses").

    It never contains the email address (quality row I01).
    """

    id = serializers.UUIDField(source="user_id", read_only=True)
    full_name = serializers.CharField(source="user.full_name", read_only=True)
    expertise = serializers.ListField(
        child=serializers.CharField(max_length=MAX_EXPERTISE_LENGTH), max_length=MAX_EXPERTISE, required=False
    )

    class Meta:
        model = Instructor
        fields = ["id", "full_name", "title", "bio", "expertise", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]
        extra_kwargs = {
            "created_at": {"allow_null": True},
            "updated_at": {"allow_null": True},
        }


class TaughtCourseSerializer(serializers.Serializer[Any]):
    """A course of the instructor, with its figures."""

    course_id = serializers.UUIDField()
    title = serializers.CharField()
    slug = serializers.CharField()
    is_published = serializers.BooleanField()
    students = serializers.IntegerField()
    new_students_30d = serializers.IntegerField()
    completions = serializers.IntegerField()
    average_rating = serializers.FloatField(allow_null=True)
    waiting_submissions = serializers.IntegerField()
    waiting_essays = serializers.IntegerField()


class RevenueSerializer(serializers.Serializer[Any]):
    """Net revenue of the last 30 days, in minor units of one currency."""

    currency = serializers.CharField()
    net_30d = serializers.IntegerField()


class StudentAtRiskSerializer(serializers.Serializer[Any]):
    """A student at risk of dropping out, with the reasons."""

    enrollment_id = serializers.UUIDField()
    full_name = serializers.CharField()
    course_id = serializers.UUIDField()
    course_title = serializers.CharField()
    last_activity_at = serializers.DateTimeField()
    reasons = serializers.ListField(child=serializers.CharField())


class DashboardSerializer(serializers.Serializer[Any]):
    """The teaching dashboard."""

    courses = TaughtCourseSerializer(many=True)
    total_courses = serializers.IntegerField()
    total_students = serializers.IntegerField()
    active_students_30d = serializers.IntegerField()
    waiting_for_grading = serializers.IntegerField()
    revenue = RevenueSerializer(many=True)
    students_at_risk = StudentAtRiskSerializer(many=True)
