"""Serializers of enrollments, progress, grades and reviews."""

import uuid
from typing import Any

from rest_framework import serializers

from core.text.validators import validate_visible
from courses.models import Course
from enrollments.models import Enrollment, LessonProgress, Review


class CourseSummarySerializer(serializers.ModelSerializer[Course]):
    """Course of an enrollment."""

    thumbnail_url = serializers.CharField(source="picture_url", read_only=True, allow_null=True)

    class Meta:
        model = Course
        fields = ["id", "title", "slug", "thumbnail_url"]


class EnrollmentSerializer(serializers.ModelSerializer[Enrollment]):
    """Enrollment with its progress. Clients cannot write any of its fields (quality row E03)."""

    user_id = serializers.UUIDField(read_only=True)
    course_id = serializers.UUIDField(read_only=True)
    progress_percentage = serializers.IntegerField(read_only=True, help_text="0 to 100, rounded down.")
    next_lesson_id = serializers.UUIDField(read_only=True, allow_null=True)
    course = CourseSummarySerializer(read_only=True)

    class Meta:
        model = Enrollment
        fields = [
            "id", "user_id", "course_id", "course", "enrolled_at", "completed_at", "progress_percentage", "is_active",
            "is_barred",
            "payment_id", "next_lesson_id",
        ]  # fmt: skip
        read_only_fields = fields


class EnrollSerializer(serializers.Serializer[Enrollment]):
    """Request to enroll in a course."""

    course_id = serializers.UUIDField()
    payment_id = serializers.UUIDField(required=False, allow_null=True)


class EndSerializer(serializers.Serializer[Any]):
    """Request to end an enrollment."""

    reason = serializers.CharField(max_length=300, validators=[validate_visible])
    barred = serializers.BooleanField(
        default=True, help_text="The student cannot enroll again. Ignored for the user's own enrollment."
    )


class ReadmitSerializer(serializers.Serializer[Any]):
    """Request to readmit a student."""

    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class ProgressWriteSerializer(serializers.Serializer[Any]):
    """Request to record progress in a lesson."""

    lesson_id = serializers.UUIDField()
    completed = serializers.BooleanField(default=True)
    position_seconds = serializers.IntegerField(min_value=0, max_value=2_000_000, required=False)


class LessonProgressSerializer(serializers.Serializer[Any]):
    """Progress in one lesson."""

    lesson_id = serializers.UUIDField()
    title = serializers.CharField()
    completed_at = serializers.DateTimeField(allow_null=True)
    position_seconds = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer[Any]):
    """Progress of an enrollment, by lesson."""

    enrollment_id = serializers.UUIDField()
    progress_percentage = serializers.IntegerField()
    lessons = LessonProgressSerializer(many=True)


class CountedLessonSerializer(serializers.Serializer[Any]):
    """A published lesson, which counts toward the progress."""

    lesson_id = serializers.UUIDField()
    title = serializers.CharField()
    is_done = serializers.BooleanField()
    completed_at = serializers.DateTimeField(allow_null=True)
    completion_rule = serializers.CharField()


class ExplanationSerializer(serializers.Serializer[Any]):
    """Explanation of the progress percentage."""

    enrollment_id = serializers.UUIDField()
    progress_percentage = serializers.IntegerField()
    summary = serializers.CharField()
    lessons_total = serializers.IntegerField()
    lessons_done = serializers.IntegerField()
    lessons = CountedLessonSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField())
    completed_at = serializers.DateTimeField(allow_null=True)


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """Review with its author; visitors get the first name and an initial, and no id (quality row V15)."""

    user_id = serializers.SerializerMethodField()
    course_id = serializers.UUIDField(read_only=True)
    author = serializers.SerializerMethodField()

    class Meta:
        model = Review
        fields = [
            "id", "course_id", "user_id", "author", "rating", "comment", "reply", "replied_at", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["id", "reply", "replied_at", "created_at", "updated_at"]

    def get_user_id(self, review: Review) -> uuid.UUID | None:
        """Return the id of the author; null for visitors."""
        return review.user_id if self.context["request"].user.is_authenticated else None

    def get_author(self, review: Review) -> str:
        """Return the name of the author."""
        return review.user.get_name_for(self.context["request"].user)


class ReplySerializer(serializers.Serializer[Any]):
    """Instructor's reply to a review; an empty one deletes it."""

    reply = serializers.CharField(max_length=2000, allow_blank=True)


class ReportSerializer(serializers.Serializer[Any]):
    """Reason for reporting a review to staff."""

    reason = serializers.CharField(max_length=1000, validators=[validate_visible])


def build_progress(enrollment: Enrollment, rows: list[LessonProgress], lessons: list[Any]) -> dict[str, Any]:
    """Return the data for `ProgressSerializer`: all published lessons with the student's progress."""
    by_lesson = {row.lesson_id: row for row in rows}
    return {
        "enrollment_id": enrollment.pk,
        "progress_percentage": enrollment.progress_percentage,
        "lessons": [
            {
                "lesson_id": lesson.pk,
                "title": lesson.title,
                "completed_at": by_lesson[lesson.pk].completed_at if lesson.pk in by_lesson else None,
                "position_seconds": by_lesson[lesson.pk].position_seconds if lesson.pk in by_lesson else 0,
            }
            for lesson in lessons
        ],
    }


class GradeLineSerializer(serializers.Serializer[Any]):
    """Graded item with the student's current grade. Points and percent are decimal strings."""

    item_id = serializers.UUIDField(source="item.pk")
    kind = serializers.CharField(source="item.kind")
    title = serializers.CharField(source="item.title")
    points = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    points_possible = serializers.DecimalField(source="item.points_possible", max_digits=7, decimal_places=2)
    percent = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    weight = serializers.DecimalField(source="item.weight", max_digits=6, decimal_places=2)
    is_excused = serializers.BooleanField()


class FinalGradeSerializer(serializers.Serializer[Any]):
    """Current final grade of a course in percent, its calculation, and the graded items."""

    percent = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    formula = serializers.CharField()
    lines = GradeLineSerializer(many=True)
