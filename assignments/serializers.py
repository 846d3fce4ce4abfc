"""Shapes of the API's answers about assignments and submissions, and of what it takes."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from accounts.models import User
from assignments.models import LONGEST_TEXT, Assignment, GradeChange, Submission, SubmissionFile
from courses.models import Course, Lesson
from files.serializers import FileSerializer

MOST_POINTS = 99_999


class AssignmentSerializer(serializers.ModelSerializer[Assignment]):
    """An assignment. `due_date` may be other for one student; `my_due_date` is the caller's own."""

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
        """Return the files beside the brief: id, name, size."""
        return [
            {"id": str(shown.file_id), "name": shown.file.original_filename, "file_size": shown.file.file_size}
            for shown in assignment.files.all()
        ]


class AssignmentWriteSerializer(serializers.ModelSerializer[Assignment]):
    """What creating and changing an assignment take. Fields that are left out stay as they are."""

    course_id = serializers.PrimaryKeyRelatedField(source="course", queryset=Course.objects.none())
    lesson_id = serializers.PrimaryKeyRelatedField(
        source="lesson", queryset=Lesson.objects.none(), required=False, allow_null=True
    )
    due_date = serializers.DateTimeField(source="due_at", required=False, allow_null=True)
    points = serializers.IntegerField(min_value=1, max_value=MOST_POINTS, default=100)
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
        """Offer the courses that the caller sees, and their lessons; a present assignment keeps its course."""
        fields: dict[str, Any] = super().get_fields()
        user = self.context["request"].user
        fields["course_id"].queryset = Course.objects.all().visible_to(user)
        fields["lesson_id"].queryset = Lesson.objects.all().editable_by(user)
        fields["passing_points"].max_value = MOST_POINTS
        if self.instance is not None:
            del fields["course_id"]
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Turn the points into the item's own."""
        if "points" in attrs:
            attrs["points_possible"] = Decimal(attrs.pop("points"))
        return attrs


class HandedInFileSerializer(serializers.ModelSerializer[SubmissionFile]):
    """A file that was handed in, or came back with the grade."""

    file = FileSerializer(read_only=True)

    class Meta:
        model = SubmissionFile
        fields = ["file", "is_feedback"]
        read_only_fields = fields


class GradeChangeSerializer(serializers.ModelSerializer[GradeChange]):
    """One grading."""

    grade = serializers.IntegerField(read_only=True)
    graded_by = serializers.UUIDField(source="graded_by_id", read_only=True, allow_null=True)

    class Meta:
        model = GradeChange
        fields = ["id", "grade", "raw_grade", "penalty_points", "feedback", "reason", "graded_by", "created_at"]
        read_only_fields = fields


# What its student sees of a grade only once it is shown to them.
HELD_BACK = ("grade", "raw_grade", "feedback", "graded_at", "graded_by")


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """A submission; its grade is null for its student until it is released.

    The context's `request` says who asks; `file_url` is where the first file is downloaded.
    """

    assignment_id = serializers.UUIDField(read_only=True)
    user_id = serializers.UUIDField(read_only=True)
    grade = serializers.IntegerField(read_only=True, allow_null=True)
    graded_by = serializers.UUIDField(source="graded_by_id", read_only=True, allow_null=True)
    is_late = serializers.BooleanField(read_only=True)
    file_url = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields = [
            "id", "assignment_id", "user_id", "attempt", "submitted_at", "content", "file_url", "files", "is_late",
            "days_late", "grade", "raw_grade", "penalty_points", "feedback", "graded_at", "graded_by", "released_at",
            "version",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Submission) -> dict[str, Any]:
        """Hold back what the student is not shown yet."""
        shown = super().to_representation(instance)
        if not self._is_shown(instance):
            shown.update(dict.fromkeys(HELD_BACK), penalty_points=0, version=0)
        return shown

    def _is_shown(self, submission: Submission) -> bool:
        caller: User = self.context["request"].user
        return submission.is_released or submission.user_id != caller.pk

    def get_file_url(self, submission: Submission) -> str | None:
        """Return where the first file that was handed in is downloaded."""
        files = self.get_files(submission)
        return files[0]["file"]["download_url"] if files else None

    def get_files(self, submission: Submission) -> Any:
        """Return the files, those that came back with a grade only where that is shown."""
        shown = [one for one in submission.files.all() if not one.is_feedback or self._is_shown(submission)]
        return HandedInFileSerializer(shown, many=True, context=self.context).data


class SubmissionDetailSerializer(SubmissionSerializer):
    """A submission with every grade that it was given."""

    grade_history = serializers.SerializerMethodField()

    class Meta(SubmissionSerializer.Meta):
        fields = [*SubmissionSerializer.Meta.fields, "grade_history"]
        read_only_fields = fields

    def get_grade_history(self, submission: Submission) -> Any:
        """Return the gradings, newest first; for its student, once the grade is shown."""
        changes = list(submission.grade_changes.all()) if self._is_shown(submission) else []
        return GradeChangeSerializer(changes, many=True).data


class SubmitSerializer(serializers.Serializer[Any]):
    """What handing in takes: a text, uploads named by their ids, or both; in multipart also one or more `file`."""

    content = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, required=False, default="")
    file_ids = serializers.ListField(child=serializers.UUIDField(), max_length=10, required=False, default=list)
    file = serializers.ListField(child=serializers.FileField(), max_length=10, required=False, write_only=True)


class GradeSerializer(serializers.Serializer[Any]):
    """What grading takes. `version` is the submission's, as the grader saw it; 409 where another came between."""

    grade = serializers.IntegerField(min_value=0, max_value=MOST_POINTS)
    feedback = serializers.CharField(max_length=20_000, allow_blank=True, required=False, default="")
    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, allow_null=True, default=None)
    release = serializers.BooleanField(default=True, help_text="False keeps it from the student until it is released.")
    reason = serializers.CharField(max_length=300, allow_blank=True, required=False, default="")


class ReleasedSerializer(serializers.Serializer[Any]):
    """How many grades were released."""

    released = serializers.IntegerField()
