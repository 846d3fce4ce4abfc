"""Serializers of assignments and submissions."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import User
from assignments.models import MAX_TEXT_LENGTH, Assignment, GradeChange, Submission, SubmissionFile, TextFormat
from courses.models import Course, Lesson
from files.serializers import FileSerializer

MAX_POINTS = 99_999


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    """Serializer of an assignment. A student's own due date may differ from `due_date`."""

    course_id = serializers.UUIDField(read_only=True)
    lesson_id = serializers.UUIDField(read_only=True, allow_null=True)
    due_date = serializers.DateTimeField(source="due_at", read_only=True, allow_null=True)
    points = serializers.IntegerField(read_only=True)
    description_html = serializers.CharField(read_only=True)
    attachments = serializers.SerializerMethodField()

    class Meta:
        model = Assignment
        fields = [
            "id", "course_id", "lesson_id", "title", "description", "description_html", "due_date", "opens_at",
            "closes_at", "points", "allow_late_submission", "late_penalty_percentage", "is_required", "is_published",
            "passing_points", "max_attempts", "allowed_file_types", "attachments", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_attachments(self, assignment: Assignment) -> list[dict[str, Any]]:
        """Return id, name and size of the files."""
        return [
            {"id": str(row.file_id), "name": row.file.original_filename, "file_size": row.file.file_size}
            for row in assignment.files.all()
        ]


class AssignmentWriteSerializer(serializers.ModelSerializer[Assignment]):
    """Input for creating and updating an assignment. Omitted fields do not change."""

    course_id = serializers.PrimaryKeyRelatedField(source="course", queryset=Course.objects.none())
    lesson_id = serializers.PrimaryKeyRelatedField(
        source="lesson", queryset=Lesson.objects.none(), required=False, allow_null=True
    )
    due_date = serializers.DateTimeField(source="due_at", required=False, allow_null=True)
    points = serializers.IntegerField(min_value=1, max_value=MAX_POINTS, default=100)
    is_published = serializers.BooleanField(default=True)
    allowed_file_types = serializers.ListField(
        child=serializers.CharField(max_length=10), max_length=30, required=False
    )

    class Meta:
        model = Assignment
        fields = [
            "course_id", "lesson_id", "title", "description", "due_date", "opens_at", "closes_at", "points",
            "allow_late_submission", "late_penalty_percentage", "is_required", "is_published", "passing_points",
            "max_attempts", "allowed_file_types",
        ]  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        """Limit courses and lessons to those of the user; the course of an existing assignment cannot change."""
        fields: dict[str, Any] = super().get_fields()
        user = self.context["request"].user
        fields["course_id"].queryset = Course.objects.all().visible_to(user)
        fields["lesson_id"].queryset = Lesson.objects.all().editable_by(user)
        fields["passing_points"].max_value = MAX_POINTS
        if self.instance is not None:
            del fields["course_id"]
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Convert `points` to the model field `points_possible`."""
        if "points" in attrs:
            attrs["points_possible"] = Decimal(attrs.pop("points"))
        return attrs


class SubmissionFileSerializer(serializers.ModelSerializer[SubmissionFile]):
    """Serializer of a file of a submission or its feedback."""

    file = FileSerializer(read_only=True)

    class Meta:
        model = SubmissionFile
        fields = ["file", "is_feedback"]
        read_only_fields = fields


class GradeChangeSerializer(serializers.ModelSerializer[GradeChange]):
    """Serializer of one grading."""

    grade = serializers.IntegerField(read_only=True)
    graded_by = serializers.UUIDField(source="graded_by_id", read_only=True, allow_null=True)

    class Meta:
        model = GradeChange
        fields = ["id", "grade", "raw_grade", "penalty_points", "feedback", "reason", "graded_by", "created_at"]
        read_only_fields = fields


# Fields that are null for the student until the grade is released.
UNRELEASED_FIELDS = ("grade", "raw_grade", "feedback", "graded_at", "graded_by")


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """Serializer of a submission; the grade is null for the student until it is released.

    The user is that of `context["request"]`. `file_url` is the download URL of the first file.
    """

    assignment_id = serializers.UUIDField(read_only=True)
    user_id = serializers.UUIDField(read_only=True)
    grade = serializers.IntegerField(read_only=True, allow_null=True)
    graded_by = serializers.UUIDField(source="graded_by_id", read_only=True, allow_null=True)
    is_late = serializers.BooleanField(read_only=True)
    format = serializers.ChoiceField(TextFormat.choices, source="text_format", read_only=True)
    file_url = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields = [
            "id", "assignment_id", "user_id", "attempt", "submitted_at", "content", "format", "file_url", "files",
            "is_late", "days_late", "grade", "raw_grade", "penalty_points", "feedback", "graded_at", "graded_by",
            "released_at", "returned_at", "version",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Submission) -> dict[str, Any]:
        """Replace the grade by null if it is not released to the user."""
        data = super().to_representation(instance)
        if not self._shows_grade(instance):
            data.update(dict.fromkeys(UNRELEASED_FIELDS), penalty_points=0, version=0)
            if instance.is_returned:
                data["feedback"] = instance.feedback
        return data

    def _shows_grade(self, submission: Submission) -> bool:
        user: User = self.context["request"].user
        return submission.is_released or submission.user_id != user.pk

    def get_file_url(self, submission: Submission) -> str | None:
        """Return the download URL of the first file."""
        rows = self._visible_files(submission)
        return FileSerializer(context=self.context).get_download_url(rows[0].file) if rows else None

    def get_files(self, submission: Submission) -> Any:
        """Return the files; files of the feedback only if the grade is released to the user."""
        return SubmissionFileSerializer(self._visible_files(submission), many=True, context=self.context).data

    def _visible_files(self, submission: Submission) -> list[SubmissionFile]:
        shows_feedback = submission.is_returned or self._shows_grade(submission)
        return [row for row in submission.files.all() if not row.is_feedback or shows_feedback]


class SubmissionDetailSerializer(SubmissionSerializer):
    """Serializer of a submission with its grading history."""

    grade_history = serializers.SerializerMethodField()

    class Meta(SubmissionSerializer.Meta):
        fields = [*SubmissionSerializer.Meta.fields, "grade_history"]
        read_only_fields = fields

    def get_grade_history(self, submission: Submission) -> Any:
        """Return the gradings, newest first; for the student, only after the grade is released."""
        changes = list(submission.grade_changes.all()) if self._shows_grade(submission) else []
        return GradeChangeSerializer(changes, many=True).data


class SubmitSerializer(serializers.Serializer[Any]):
    """Input for a submission: a text, ids of uploaded files, or both; in multipart bodies also one or more `file`."""

    content = serializers.CharField(
        max_length=MAX_TEXT_LENGTH, allow_blank=True, required=False, default="", trim_whitespace=False
    )
    format = serializers.ChoiceField(
        TextFormat.choices, required=False, default=TextFormat.PLAIN, help_text="How `content` is shown."
    )
    file_ids = serializers.ListField(child=serializers.UUIDField(), max_length=10, required=False, default=list)
    file = serializers.ListField(child=serializers.FileField(), max_length=10, required=False, write_only=True)


class GradeSerializer(serializers.Serializer[Any]):
    """Input for grading. `version` is that of the submission that was graded; 409 if it is not the current one."""

    grade = serializers.IntegerField(
        min_value=0, max_value=MAX_POINTS, required=False, allow_null=True, default=None,
        help_text="Required unless `return_for_revision` is true.",
    )  # fmt: skip
    feedback = serializers.CharField(
        max_length=20_000, allow_blank=True, required=False, default="", trim_whitespace=False
    )
    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, allow_null=True, default=None)
    release = serializers.BooleanField(
        default=True, help_text="If false, the student cannot see the grade until it is released."
    )
    reason = serializers.CharField(max_length=300, allow_blank=True, required=False, default="")
    return_for_revision = serializers.BooleanField(
        default=False, help_text="The student sees the feedback and may submit one more version."
    )
    new_due_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="The student's new due date."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require a grade, unless the submission is returned for revision."""
        if attrs["grade"] is None and not attrs["return_for_revision"]:
            raise serializers.ValidationError({"grade": [_("This field is required.")]}, code="required")
        return attrs


class ReleasedSerializer(serializers.Serializer[Any]):
    """The number of released grades."""

    released = serializers.IntegerField()
