"""Shapes of the API's answers about courses and lessons, and of what it takes."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from courses.models import (
    HIGHEST_PRICE_CENTS,
    LONGEST_OUTCOME,
    LONGEST_TAG,
    MOST_OUTCOMES,
    MOST_TAGS,
    Category,
    Course,
    Lesson,
    LessonFile,
    Level,
    Section,
    validate_currency,
    web_address,
)
from lms.lib import money

VERSION_HELP = "The version that you changed; 409 `edit_conflict` when it is no longer the current one."


class CategorySerializer(serializers.ModelSerializer[Category]):
    """A subject of the catalogue."""

    class Meta:
        model = Category
        fields = ["slug", "name"]


class InstructorSummarySerializer(serializers.ModelSerializer[User]):
    """Who teaches: no more than a visitor may know (QUALITY I01)."""

    title = serializers.CharField(source="instructor_profile.title", default=None, allow_null=True, read_only=True)

    class Meta:
        model = User
        fields = ["id", "full_name", "title"]


class CourseSerializer(serializers.ModelSerializer[Course]):
    """A course as lists show it."""

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
    """A lesson; text and video are null for those it is not open to (QUALITY C01).

    The context's `open` says whether the whole course is open to the caller.
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
        """Return the address of the video."""
        return lesson.video_url if self._is_open(lesson) else None


class AttachmentSerializer(serializers.ModelSerializer[LessonFile]):
    """A file that a lesson shows."""

    file_id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(source="file.original_filename", read_only=True)
    file_size = serializers.IntegerField(source="file.file_size", read_only=True)
    content_type = serializers.CharField(source="file.content_type", read_only=True)

    class Meta:
        model = LessonFile
        fields = ["file_id", "name", "file_size", "content_type", "is_video"]
        read_only_fields = fields


class LessonWithFilesSerializer(LessonSerializer):
    """A lesson with the files that it shows; null for those it is not open to."""

    attachments = serializers.SerializerMethodField()

    class Meta(LessonSerializer.Meta):
        fields = [*LessonSerializer.Meta.fields, "attachments"]
        read_only_fields = fields

    @extend_schema_field(AttachmentSerializer(many=True, allow_null=True))
    def get_attachments(self, lesson: Lesson) -> Any:
        """Return the files."""
        return AttachmentSerializer(lesson.files.all(), many=True).data if self._is_open(lesson) else None


class CourseDetailSerializer(CourseSerializer):
    """A course with its lessons in order."""

    lessons = LessonSerializer(many=True, read_only=True, source="shown_lessons")

    class Meta(CourseSerializer.Meta):
        fields = [*CourseSerializer.Meta.fields, "lessons"]
        read_only_fields = fields


class CourseWriteSerializer(serializers.Serializer[Course]):
    """What creating and changing a course take. Fields that are left out stay as they are."""

    title = serializers.CharField(max_length=120)
    short_description = serializers.CharField(max_length=300, allow_blank=True, required=False)
    description = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    outcomes = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_OUTCOME), max_length=MOST_OUTCOMES, required=False
    )
    level = serializers.ChoiceField(choices=Level.choices, required=False)
    thumbnail_url = serializers.CharField(max_length=500, validators=[web_address], allow_null=True, required=False)
    price = serializers.DecimalField(
        max_digits=9, decimal_places=3, min_value=Decimal(0), required=False, coerce_to_string=True
    )
    currency = serializers.CharField(max_length=3, validators=[validate_currency], required=False)
    is_free = serializers.BooleanField(required=False)
    category = serializers.SlugRelatedField(
        slug_field="slug", queryset=Category.objects.all(), allow_null=True, required=False
    )
    tags = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_TAG), max_length=MOST_TAGS, required=False
    )
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, help_text=VERSION_HELP)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Turn the price into minor units, and refuse one that contradicts `is_free` (API.md, "Courses")."""
        currency = attrs.get("currency") or (self.instance.currency if self.instance else "EUR")
        is_free = attrs.pop("is_free", None)
        price = attrs.pop("price", None)
        if price is None and is_free:
            price = Decimal(0)
        if price is not None:
            attrs["price_cents"] = self._minor_units(price, currency)
        cents = attrs.get("price_cents", self.instance.price_cents if self.instance else 0)
        if is_free is not None and is_free != (cents == 0):
            raise serializers.ValidationError(
                {"is_free": "A course is free exactly when its price is 0."}, code="contradicts_price"
            )
        return attrs

    def _minor_units(self, price: Decimal, currency: str) -> int:
        try:
            cents = money.to_minor(price, currency)
        except ValueError as error:
            raise serializers.ValidationError({"price": str(error)}, code="too_many_decimals") from error
        if cents > HIGHEST_PRICE_CENTS:
            raise serializers.ValidationError({"price": "This price is too high."}, code="max_value")
        return cents


class LessonWriteSerializer(serializers.ModelSerializer[Lesson]):
    """What adding and changing a lesson take."""

    section_id = serializers.PrimaryKeyRelatedField(source="section", queryset=Section.objects.none(), required=False)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, help_text=VERSION_HELP)

    class Meta:
        model = Lesson
        fields = [
            "title", "content", "video_url", "video_seconds", "completion_rule", "video_share", "duration_minutes",
            "is_published", "is_preview", "section_id", "version",
        ]  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        """Offer the sections of the lesson's own course only."""
        fields: dict[str, Any] = super().get_fields()
        course = self.context.get("course")
        if course is not None:
            fields["section_id"].queryset = Section.objects.filter(course=course)
        return fields


class ReorderSerializer(serializers.Serializer[Any]):
    """The whole list of a course's lessons, in their new order."""

    lesson_ids = serializers.ListField(child=serializers.UUIDField(), max_length=2000)
