"""Serializers of courses and lessons."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from core.text import money
from courses.models import (
    MAX_OUTCOME_LENGTH,
    MAX_OUTCOMES,
    MAX_PRICE_CENTS,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    Category,
    Course,
    Lesson,
    LessonFile,
    Level,
    Section,
    validate_currency,
    validate_web_url,
)

VERSION_HELP = "The version that the change is based on; 409 `edit_conflict` if it is not the current version."


class CategorySerializer(serializers.ModelSerializer[Category]):
    """Serializer of a category."""

    class Meta:
        model = Category
        fields = ["slug", "name"]


class InstructorSummarySerializer(serializers.ModelSerializer[User]):
    """Public data of a course's instructor (quality row I01)."""

    title = serializers.CharField(source="instructor_profile.title", default=None, allow_null=True, read_only=True)

    class Meta:
        model = User
        fields = ["id", "full_name", "title"]


class CourseSerializer(serializers.ModelSerializer[Course]):
    """Serializer of a course in lists."""

    price = serializers.SerializerMethodField()
    thumbnail_url = serializers.CharField(source="picture_url", read_only=True, allow_null=True)
    category = serializers.SlugRelatedField[Category](slug_field="slug", read_only=True, allow_null=True)
    tags: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    instructor_id = serializers.UUIDField(read_only=True)
    instructor = InstructorSummarySerializer(read_only=True)
    average_rating = serializers.FloatField(read_only=True, allow_null=True)
    is_free = serializers.BooleanField(read_only=True)

    class Meta:
        model = Course
        fields = [
            "id", "slug", "title", "description", "short_description", "outcomes", "level", "thumbnail_url", "price",
            "currency", "is_free", "is_published", "category", "tags", "instructor_id", "instructor", "lessons_count",
            "duration_minutes", "enrollments_count", "average_rating", "ratings_count", "version", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_price(self, course: Course) -> str:
        """Return the price in the major unit, as a decimal string."""
        return str(money.to_major(course.price_cents, course.currency))


class LessonSerializer(serializers.ModelSerializer[Lesson]):
    """Serializer of a lesson; text and video are null unless the lesson is open to the user (quality row C01).

    `context["open"]` is whether all lessons of the course are open to the user.
    """

    course_id = serializers.UUIDField(read_only=True)
    section_id = serializers.UUIDField(read_only=True)
    content = serializers.SerializerMethodField()
    content_html = serializers.SerializerMethodField()
    video_url = serializers.SerializerMethodField()

    class Meta:
        model = Lesson
        fields = [
            "id", "course_id", "section_id", "title", "content", "content_html", "video_url", "video_seconds",
            "completion_rule", "video_share", "duration_minutes", "order", "is_published", "is_preview", "version",
            "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def _is_open(self, lesson: Lesson) -> bool:
        return lesson.is_preview or bool(self.context.get("open"))

    def get_content(self, lesson: Lesson) -> str | None:
        """Return the Markdown text."""
        return lesson.content if self._is_open(lesson) else None

    def get_content_html(self, lesson: Lesson) -> str | None:
        """Return the text as safe HTML."""
        return lesson.content_html if self._is_open(lesson) else None

    def get_video_url(self, lesson: Lesson) -> str | None:
        """Return the URL of the video."""
        return lesson.video_url if self._is_open(lesson) else None


class AttachmentSerializer(serializers.ModelSerializer[LessonFile]):
    """Serializer of a lesson's file."""

    file_id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(source="file.original_filename", read_only=True)
    file_size = serializers.IntegerField(source="file.file_size", read_only=True)
    content_type = serializers.CharField(source="file.content_type", read_only=True)

    class Meta:
        model = LessonFile
        fields = ["file_id", "name", "file_size", "content_type", "is_video"]
        read_only_fields = fields


class LessonWithFilesSerializer(LessonSerializer):
    """Serializer of a lesson with its files; they are null unless the lesson is open to the user."""

    attachments = serializers.SerializerMethodField()

    class Meta(LessonSerializer.Meta):
        fields = [*LessonSerializer.Meta.fields, "attachments"]
        read_only_fields = fields

    @extend_schema_field(AttachmentSerializer(many=True, allow_null=True))
    def get_attachments(self, lesson: Lesson) -> Any:
        """Return the files, or None if the lesson is not open to the user."""
        return AttachmentSerializer(lesson.files.all(), many=True).data if self._is_open(lesson) else None


class CourseDetailSerializer(CourseSerializer):
    """Serializer of a course with its lessons in order."""

    lessons = LessonSerializer(many=True, read_only=True, source="visible_lessons")

    class Meta(CourseSerializer.Meta):
        fields = [*CourseSerializer.Meta.fields, "lessons"]
        read_only_fields = fields


class CourseWriteSerializer(serializers.Serializer[Course]):
    """Input for creating and updating a course. Omitted fields do not change."""

    title = serializers.CharField(max_length=120)
    short_description = serializers.CharField(max_length=300, allow_blank=True, required=False)
    description = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    outcomes = serializers.ListField(
        child=serializers.CharField(max_length=MAX_OUTCOME_LENGTH), max_length=MAX_OUTCOMES, required=False
    )
    level = serializers.ChoiceField(choices=Level.choices, required=False)
    thumbnail_url = serializers.CharField(
        max_length=500, validators=[validate_web_url], allow_null=True, required=False
    )
    price = serializers.DecimalField(
        max_digits=9, decimal_places=3, min_value=Decimal(0), required=False, coerce_to_string=True
    )
    currency = serializers.CharField(max_length=3, validators=[validate_currency], required=False)
    is_free = serializers.BooleanField(required=False)
    category = serializers.SlugRelatedField(
        slug_field="slug", queryset=Category.objects.all(), allow_null=True, required=False
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TAG_LENGTH), max_length=MAX_TAGS, required=False
    )
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, help_text=VERSION_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Convert the price to minor units; reject one that contradicts `is_free` (docs/api-contract.md, "Courses")."""
        currency = attrs.get("currency") or (self.instance.currency if self.instance else "EUR")
        is_free = attrs.pop("is_free", None)
        price = attrs.pop("price", None)
        if price is None and is_free:
            price = Decimal(0)
        if price is not None:
            attrs["price_cents"] = self._to_minor_units(price, currency)
        cents = attrs.get("price_cents", self.instance.price_cents if self.instance else 0)
        if is_free is not None and is_free != (cents == 0):
            raise serializers.ValidationError(
                {"is_free": "A course is free if and only if its price is 0."}, code="contradicts_price"
            )
        return attrs

    def _to_minor_units(self, price: Decimal, currency: str) -> int:
        try:
            cents = money.to_minor(price, currency)
        except ValueError as error:
            raise serializers.ValidationError({"price": str(error)}, code="too_many_decimals") from error
        if cents > MAX_PRICE_CENTS:
            raise serializers.ValidationError({"price": "This price is too high."}, code="max_value")
        return cents


class TransferSerializer(serializers.Serializer[Any]):
    """The new owner of a course."""

    user_id = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True))


class LessonWriteSerializer(serializers.ModelSerializer[Lesson]):
    """Input for creating and updating a lesson."""

    section_id = serializers.PrimaryKeyRelatedField(source="section", queryset=Section.objects.none(), required=False)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, help_text=VERSION_HELP)

    class Meta:
        model = Lesson
        fields = [
            "title", "content", "video_url", "video_seconds", "completion_rule", "video_share", "duration_minutes",
            "is_published", "is_preview", "section_id", "version",
        ]  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        """Limit `section_id` to sections of the lesson's course."""
        fields: dict[str, Any] = super().get_fields()
        course = self.context.get("course")
        if course is not None:
            fields["section_id"].queryset = Section.objects.filter(course=course)
        return fields


class ReorderSerializer(serializers.Serializer[Any]):
    """Input for reordering: the ids of all lessons of a course, in the new order."""

    lesson_ids = serializers.ListField(child=serializers.UUIDField(), max_length=2000)
