"""Shapes of `/admin/*` of the API."""

from typing import Any

from rest_framework import serializers

from accounts.models import Role, User
from accounts.serializers import UserSerializer
from lms.platform.models import AuditEntry


class StaffUserSerializer(UserSerializer):
    """A user as the staff sees them: who may do what, beside what everybody knows."""

    groups: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    permissions = serializers.SerializerMethodField(help_text='Of their groups and their own, as "app.codename".')

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "is_staff", "is_superuser", "groups", "permissions"]
        read_only_fields = fields

    def get_permissions(self, user: User) -> list[str]:
        """Return what the user's groups let them do. From what the list has fetched already."""
        granted = [*user.user_permissions.all()]
        for group in user.groups.all():
            granted += group.permissions.all()
        return sorted({f"{permission.content_type.app_label}.{permission.codename}" for permission in granted})


class StaffUserChangeSerializer(serializers.ModelSerializer[User]):
    """What staff change of an account."""

    role = serializers.ChoiceField(choices=Role.choices)
    is_active = serializers.BooleanField()

    class Meta:
        model = User
        fields = ["full_name", "time_zone", "role", "is_active"]


class ReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=300)


class ImpersonationSerializer(serializers.Serializer[Any]):
    """What acting in somebody's name gives: an access token, and nothing to refresh it."""

    access_token = serializers.CharField()
    expires_in = serializers.IntegerField()
    user = UserSerializer()


class PersonSerializer(serializers.ModelSerializer[User]):
    """A person, named."""

    class Meta:
        model = User
        fields = ["id", "full_name", "email"]


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """A line of the audit log."""

    actor = PersonSerializer(allow_null=True)
    subject = PersonSerializer(allow_null=True)

    class Meta:
        model = AuditEntry
        fields = [
            "id", "created_at", "actor", "subject", "action", "target_type", "target_id", "changes", "ip_address",
            "request_id",
        ]  # fmt: skip
