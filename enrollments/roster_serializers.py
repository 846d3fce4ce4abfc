"""Serializers of the roster of a course, of join links and of imports."""

import uuid
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import User
from core.http.fields import EmailSerializerField
from enrollments.bulk_enrollment import RosterPlan
from enrollments.models import Enrollment, Invitation, JoinLink


class StudentSerializer(serializers.ModelSerializer[User]):
    """Student of a course."""

    class Meta:
        model = User
        fields = ["id", "full_name", "email"]
        read_only_fields = fields


class RosterRowSerializer(serializers.ModelSerializer[Enrollment]):
    """Student of a course with progress and final grade. The context has `final_grades` by enrollment id."""

    user = StudentSerializer(read_only=True)
    progress_percentage = serializers.IntegerField(read_only=True, help_text="0 to 100, rounded down.")
    final_grade = serializers.SerializerMethodField(help_text="Percent as a decimal string; null without a grade.")

    class Meta:
        model = Enrollment
        fields = [
            "id", "user", "progress_percentage", "final_grade", "last_activity_at", "enrolled_at", "completed_at",
            "is_active", "is_barred", "source",
        ]  # fmt: skip
        read_only_fields = fields

    def get_final_grade(self, enrollment: Enrollment) -> str | None:
        """Return the final grade in percent."""
        grades: dict[uuid.UUID, Decimal | None] = self.context["final_grades"]
        percent = grades[enrollment.pk]
        return None if percent is None else str(percent)


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """Pending invitation."""

    class Meta:
        model = Invitation
        fields = ["id", "email", "full_name", "created_at", "expires_at"]
        read_only_fields = fields


class InvitedSerializer(serializers.Serializer[Any]):
    """Response to adding an address without an account."""

    status = serializers.CharField(help_text="`invited`.")
    invitation = InvitationSerializer()


class AddStudentSerializer(serializers.Serializer[Any]):
    """Request to add a student: `user_id` or `email`."""

    user_id = serializers.UUIDField(required=False)
    email = EmailSerializerField(max_length=254, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require exactly one of the fields."""
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Send either user_id or email."), code="required")
        return attrs


class JoinLinkSerializer(serializers.ModelSerializer[JoinLink]):
    """Join link of a course."""

    url = serializers.CharField(read_only=True)

    class Meta:
        model = JoinLink
        fields = ["id", "key", "url", "uses", "max_uses", "expires_at", "created_at"]
        read_only_fields = ["id", "key", "url", "uses", "created_at"]


class JoinSerializer(serializers.Serializer[Any]):
    """Request to join a course by the key of a link."""

    key = serializers.CharField(max_length=100)


class ImportFileSerializer(serializers.Serializer[Any]):
    """Request to import students from a CSV file."""

    file = serializers.FileField(allow_empty_file=True, help_text="CSV with the columns `email` and `full_name`.")
    dry_run = serializers.BooleanField(default=False, help_text="Report the changes without making them.")
    notify = serializers.BooleanField(default=True, help_text="Send each student one email.")


class RowErrorSerializer(serializers.Serializer[Any]):
    """Error of one line of a file."""

    row = serializers.IntegerField(help_text="Line of the file; the header is 1.")
    column = serializers.CharField(allow_blank=True, help_text="Word of the header; empty for the whole line.")
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(source="column", help_text="The same as `column`.")


class RosterImportReportSerializer(serializers.Serializer[Any]):
    """Report of an import: numbers of changes, and the errors of all lines."""

    import_id = serializers.UUIDField(allow_null=True, help_text="Null for a dry run and if nothing changes.")
    created = serializers.IntegerField(help_text="New enrollments and invitations.")
    updated = serializers.IntegerField(help_text="Ended enrollments and expired invitations that are resumed.")
    unchanged = serializers.SerializerMethodField()
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]  # a field of that name, which DRF allows

    def get_unchanged(self, plan: RosterPlan) -> int:
        """Return the number of students that stay as they are."""
        return len(plan.unchanged)


class KeptSerializer(serializers.ModelSerializer[Enrollment]):
    """Enrollment that an undo leaves as it is, because the student has worked since."""

    user = StudentSerializer(read_only=True)

    class Meta:
        model = Enrollment
        fields = ["id", "user"]


class UndoReportSerializer(serializers.Serializer[Any]):
    """Report of undoing an import."""

    ended = serializers.IntegerField()
    withdrawn = serializers.IntegerField()
    kept = KeptSerializer(many=True)
