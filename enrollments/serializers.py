"""Shapes of the API's answers about enrolments and reviews, and of what it takes."""

from typing import Any

from rest_framework import serializers

from courses.models import Course
from enrollments.models import Enrollment, LessonProgress, Review


class CourseSummarySerializer(serializers.ModelSerializer[Course]):
    """The course of an enrolment."""

    thumbnail_url = serializers.CharField(source="picture_url", read_only=True, allow_null=True)

    class Meta:
        model = Course
        fields = ["id", "title", "slug", "thumbnail_url"]


MOMENT = serializers.DateTimeField()


class EnrollmentSerializer(serializers.ModelSerializer[Enrollment]):
    """An enrolment with its progress, which rows give and no client sets (QUALITY E03).

    Its fields are there for the documentation; `to_representation` writes the same without them, since twenty rows of
    ten fields were a fifth of what a list cost. A test holds the two together.
    """

    user_id = serializers.UUIDField(read_only=True)
    course_id = serializers.UUIDField(read_only=True)
    progress_percentage = serializers.IntegerField(read_only=True, help_text="0 to 100, rounded down.")
    next_lesson_id = serializers.UUIDField(read_only=True, allow_null=True)
    course = CourseSummarySerializer(read_only=True)

    class Meta:
        model = Enrollment
        fields = [
            "id", "user_id", "course_id", "course", "enrolled_at", "completed_at", "progress_percentage", "is_active",
            "payment_id", "next_lesson_id",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Enrollment) -> dict[str, Any]:
        """Return the answer's fields, in their order."""
        enrollment, course, completed_at = instance, instance.course, instance.completed_at
        return {
            "id": str(enrollment.pk),
            "user_id": str(enrollment.user_id),
            "course_id": str(enrollment.course_id),
            "course": {
                "id": str(course.pk),
                "title": course.title,
                "slug": course.slug,
                "thumbnail_url": course.picture_url,
            },
            "enrolled_at": MOMENT.to_representation(enrollment.enrolled_at),
            "completed_at": completed_at and MOMENT.to_representation(completed_at),
            "progress_percentage": enrollment.progress_percentage,
            "is_active": enrollment.is_active,
            "payment_id": enrollment.payment_id and str(enrollment.payment_id),
            "next_lesson_id": enrollment.next_lesson_id and str(enrollment.next_lesson_id),
        }


class EnrollSerializer(serializers.Serializer[Enrollment]):
    """What enrolling takes."""

    course_id = serializers.UUIDField()
    payment_id = serializers.UUIDField(required=False, allow_null=True)


class ProgressWriteSerializer(serializers.Serializer[Any]):
    """What noting progress takes."""

    lesson_id = serializers.UUIDField()
    completed = serializers.BooleanField(default=True)
    position_seconds = serializers.IntegerField(min_value=0, max_value=2_000_000, required=False)


class LessonProgressSerializer(serializers.Serializer[Any]):
    """One lesson of an enrolment's progress."""

    lesson_id = serializers.UUIDField()
    title = serializers.CharField()
    completed_at = serializers.DateTimeField(allow_null=True)
    position_seconds = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer[Any]):
    """How far an enrolment is, lesson by lesson."""

    enrollment_id = serializers.UUIDField()
    progress_percentage = serializers.IntegerField()
    lessons = LessonProgressSerializer(many=True)


class CountedLessonSerializer(serializers.Serializer[Any]):
    """A lesson that counts."""

    lesson_id = serializers.UUIDField()
    title = serializers.CharField()
    is_done = serializers.BooleanField()
    completed_at = serializers.DateTimeField(allow_null=True)
    completion_rule = serializers.CharField()


class ExplanationSerializer(serializers.Serializer[Any]):
    """Why the progress is what it is."""

    enrollment_id = serializers.UUIDField()
    progress_percentage = serializers.IntegerField()
    summary = serializers.CharField()
    lessons_total = serializers.IntegerField()
    lessons_done = serializers.IntegerField()
    lessons = CountedLessonSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField())
    completed_at = serializers.DateTimeField(allow_null=True)


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """A review, by the name of who wrote it."""

    user_id = serializers.UUIDField(read_only=True)
    course_id = serializers.UUIDField(read_only=True)
    author = serializers.CharField(source="user.full_name", read_only=True)

    class Meta:
        model = Review
        fields = [
            "id", "course_id", "user_id", "author", "rating", "comment", "reply", "replied_at", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["id", "reply", "replied_at", "created_at", "updated_at"]


class ReplySerializer(serializers.Serializer[Any]):
    """An instructor's answer to a review; an empty one takes it back."""

    reply = serializers.CharField(max_length=2000, allow_blank=True)


class ReportSerializer(serializers.Serializer[Any]):
    """Why staff should look at a review."""

    reason = serializers.CharField(max_length=1000)


def progress_answer(enrollment: Enrollment, rows: list[LessonProgress], lessons: list[Any]) -> dict[str, Any]:
    """Return the answer of `GET /enrollments/{id}/progress`: every published lesson, with what is noted of it."""
    noted = {row.lesson_id: row for row in rows}
    return {
        "enrollment_id": enrollment.pk,
        "progress_percentage": enrollment.progress_percentage,
        "lessons": [
            {
                "lesson_id": lesson.pk,
                "title": lesson.title,
                "completed_at": noted[lesson.pk].completed_at if lesson.pk in noted else None,
                "position_seconds": noted[lesson.pk].position_seconds if lesson.pk in noted else 0,
            }
            for lesson in lessons
        ],
    }


class GradeLineSerializer(serializers.Serializer[Any]):
    """One graded item, and what the student has for it. Points and percent are decimal strings."""

    item_id = serializers.UUIDField(source="item.pk")
    kind = serializers.CharField(source="item.kind")
    title = serializers.CharField(source="item.title")
    points = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    points_possible = serializers.DecimalField(source="item.points_possible", max_digits=7, decimal_places=2)
    percent = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    weight = serializers.DecimalField(source="item.weight", max_digits=6, decimal_places=2)
    is_excused = serializers.BooleanField()


class FinalGradeSerializer(serializers.Serializer[Any]):
    """The final grade of a course so far in percent, the sum it comes from, and what counts."""

    percent = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    formula = serializers.CharField()
    lines = GradeLineSerializer(many=True)
