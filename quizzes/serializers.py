"""Serializers of the quiz API.

Students get questions through serializers without fields for keys. Keys are in the serializers for instructors and in
`KeySerializer`, which a student's response contains only if `Attempt.can_show_answers` is true (quality row Q01).
"""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.text.validators import validate_visible
from quizzes.formats import CHOICES as FORMAT_CHOICES
from quizzes.models import MAX_POINTS, Attempt, Question, Quiz
from quizzes.question_types import CHOICES

SETTINGS = [
    "title", "description", "lesson_id", "time_limit_minutes", "passing_score_percentage", "max_attempts",
    "is_published", "is_required", "shuffle_questions", "shuffle_options", "show_answers", "show_score",
    "show_feedback", "counts", "delay_minutes", "one_per_page", "weight", "opens_at", "due_at", "closes_at",
]  # fmt: skip


@extend_schema_field(OpenApiTypes.ANY)
class AnyField(serializers.JSONField):
    """Any JSON value; the question type defines its shape."""


class QuizSerializer(serializers.ModelSerializer[Quiz]):
    """The settings of a quiz, without its questions."""

    course_id = serializers.UUIDField(read_only=True)
    lesson_id = serializers.UUIDField(required=False, allow_null=True)
    questions_count = serializers.IntegerField(read_only=True)
    my_attempts_left = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Null without a limit, and for instructors."
    )

    class Meta:
        model = Quiz
        fields = ["id", "course_id", *SETTINGS, "points_possible", "questions_count", "my_attempts_left", "created_at"]
        read_only_fields = ["id", "points_possible", "created_at"]


class QuizCreateSerializer(QuizSerializer):
    """The fields of a new quiz."""

    course_id = serializers.UUIDField()


class AskedQuestionSerializer(serializers.Serializer[Any]):
    """A question as students see it. There is no field for a key."""

    id = serializers.UUIDField(source="question_id")
    question_text = serializers.CharField()
    question_html = serializers.CharField()
    question_type = serializers.ChoiceField(choices=CHOICES)
    points = serializers.IntegerField()
    order = serializers.IntegerField(help_text="Position in this attempt, from 1.")
    options = AnyField(help_text="Ids and texts.")


class KeySerializer(serializers.Serializer[Any]):
    """The key of a question, included when the student may see it."""

    question_id = serializers.UUIDField()
    correct_answer = AnyField(allow_null=True)
    accepted_answers = serializers.ListField(child=serializers.CharField())
    explanation = serializers.CharField()
    option_feedback = serializers.DictField(child=serializers.CharField())


class ResultSerializer(serializers.Serializer[Any]):
    """The visible result of an answer."""

    question_id = serializers.UUIDField()
    points_earned = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    feedback = serializers.CharField()


class AttemptSerializer(serializers.Serializer[Attempt]):
    """An attempt without its questions."""

    id = serializers.UUIDField()
    quiz_id = serializers.UUIDField()
    user_id = serializers.UUIDField(source="enrollment.user_id")
    number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    submitted_at = serializers.DateTimeField(allow_null=True)
    by_clock = serializers.BooleanField()
    score = serializers.IntegerField(allow_null=True, help_text="Percent, rounded down.")
    points_earned = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    points_possible = serializers.DecimalField(max_digits=7, decimal_places=2)
    passed = serializers.BooleanField(allow_null=True, help_text="Null while an answer awaits grading.")
    answers = serializers.DictField(child=AnyField())
    receipt = serializers.CharField(help_text="SHA-256 digest of the journal of answers; empty until submitted.")

    def to_representation(self, instance: Attempt) -> dict[str, Any]:
        """Remove the score for students if the quiz does not show it."""
        fields = super().to_representation(instance)
        if not instance.quiz.show_score and not self.context.get("is_teacher"):
            fields |= {"score": None, "points_earned": None, "passed": None}
        return fields


class AttemptDetailSerializer(AttemptSerializer):
    """An attempt with its questions and with the results and keys that the user may see."""

    questions = AskedQuestionSerializer(many=True)
    results = ResultSerializer(many=True)
    keys = KeySerializer(many=True)


class AnswersSerializer(serializers.Serializer[Any]):
    """Answers by question id."""

    answers = serializers.DictField(child=AnyField(allow_null=False))
    seq = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2**53,
        help_text="The client's number of this save; 409 `stale_answer` if a save with a larger number exists.",
    )  # fmt: skip


class SubmitAttemptSerializer(serializers.Serializer[Any]):
    """A submission; `answers` are saved first."""

    answers = serializers.DictField(child=AnyField(allow_null=False), required=False)


class SavedSerializer(serializers.Serializer[Any]):
    """The acknowledgment of a save: the answers of these questions are stored."""

    saved_at = serializers.DateTimeField()
    number = serializers.IntegerField()
    question_ids = serializers.ListField(child=serializers.CharField())
    answers = serializers.DictField(
        child=AnyField(), help_text="The saved answers as they were understood, by question."
    )
    expires_at = serializers.DateTimeField(allow_null=True)


class MarkSerializer(serializers.Serializer[Any]):
    """The grade of an answer."""

    question_id = serializers.UUIDField()
    points = serializers.DecimalField(max_digits=7, decimal_places=2, min_value=0)
    feedback = serializers.CharField(max_length=5000, allow_blank=True, default="")
    reason = serializers.CharField(max_length=300, allow_blank=True, default="")


class QuestionSerializer(serializers.Serializer[Question]):
    """A question with its key, for instructors."""

    id = serializers.UUIDField(read_only=True)
    quiz_id = serializers.UUIDField(read_only=True)
    version = serializers.IntegerField(source="current.number", read_only=True)
    question_text = serializers.CharField(source="current.question_text", max_length=10_000)
    question_type = serializers.ChoiceField(source="current.question_type", choices=CHOICES)
    options = AnyField(source="current.options", required=False, allow_null=True)
    correct_answer = AnyField(source="current.correct_answer", required=False, allow_null=True)
    accepted_answers = AnyField(source="current.accepted_answers", required=False, allow_null=True)
    tolerance = AnyField(source="current.tolerance", required=False, allow_null=True)
    points = serializers.IntegerField(source="current.points", min_value=0, max_value=MAX_POINTS, required=False)
    explanation = serializers.CharField(
        source="current.explanation", max_length=5000, allow_blank=True, required=False, trim_whitespace=False
    )
    order = serializers.IntegerField(min_value=0, max_value=2_000_000_000, required=False)

    def get_fields_sent(self) -> dict[str, Any]:
        """Return the validated fields as a flat dictionary."""
        fields = dict(self.validated_data)
        return {**fields.pop("current", {}), **fields}


@extend_schema_field(OpenApiTypes.STR)
class FormatField(serializers.ChoiceField):
    """The name of a format, documented as a string: a report's `format` has other choices."""


class QuestionImportSerializer(serializers.Serializer[Any]):
    """A file with questions."""

    file = serializers.FileField(help_text="At most 10 MB and 2,000 questions.")
    format = FormatField(
        choices=FORMAT_CHOICES,
        required=False,
        help_text=f"One of {', '.join(name for name, _label in FORMAT_CHOICES)}. Recognized if left out.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Return the report without adding questions.")


class ReadQuestionSerializer(serializers.Serializer[Any]):
    """How a question of the file is imported."""

    title = serializers.CharField()
    question_type = serializers.CharField(help_text="For a dropped question, its type in the file.")
    fidelity = serializers.ChoiceField(choices=["exact", "approximated", "dropped"])
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What differs from the file, or why the question is dropped."
    )


class ReadErrorSerializer(serializers.Serializer[Any]):
    """A question of the file that can't be imported."""

    line = serializers.IntegerField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class ImportReportSerializer(serializers.Serializer[Any]):
    """The report of an import. With `dry_run`, `created` is the number of questions that would be added."""

    format = serializers.CharField()
    created = serializers.IntegerField()
    questions = ReadQuestionSerializer(many=True)
    errors = ReadErrorSerializer(many=True)  # type: ignore[assignment]  # a field of that name, which DRF allows


class ExportReportSerializer(serializers.Serializer[Any]):
    """What the format of an export cannot represent."""

    losses = serializers.ListField(child=serializers.CharField())


class RegradeSerializer(serializers.Serializer[Any]):
    """The reason for a regrade."""

    reason = serializers.CharField(max_length=300, validators=[validate_visible])


class RegradedSerializer(serializers.Serializer[Any]):
    """The effect of a regrade on one attempt."""

    attempt_id = serializers.UUIDField(source="attempt.pk")
    user_id = serializers.UUIDField(source="attempt.enrollment.user_id")
    before = serializers.DecimalField(max_digits=7, decimal_places=2, allow_null=True)
    after = serializers.DecimalField(
        max_digits=7, decimal_places=2, allow_null=True, help_text="Null while an essay awaits grading."
    )
    graded_before = serializers.DecimalField(
        max_digits=7, decimal_places=2, help_text="Points of the answers that are graded."
    )
    graded_after = serializers.DecimalField(max_digits=7, decimal_places=2)
    possible = serializers.DecimalField(max_digits=7, decimal_places=2)
    is_changed = serializers.BooleanField()


class ChoiceSerializer(serializers.Serializer[Any]):
    """The number of times that an answer was given."""

    answer = serializers.CharField()
    count = serializers.IntegerField()
    is_correct = serializers.BooleanField()


class QuestionResultSerializer(serializers.Serializer[Any]):
    """The result of a question over all submitted attempts."""

    question_id = serializers.UUIDField(source="version.question_id")
    question_text = serializers.CharField(source="version.question_text")
    answered = serializers.IntegerField()
    marked = serializers.IntegerField()
    facility = serializers.FloatField(allow_null=True, help_text="Mean share of the points, 0 to 1.")
    choices = ChoiceSerializer(many=True)
