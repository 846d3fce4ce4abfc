"""Serializers of `/admin/*` of the API."""

from typing import Any

from rest_framework import serializers

from accounts.models import Role, User
from accounts.serializers import UserSerializer
from core.models import AuditEntry
from core.text.validators import validate_visible


class StaffUserSerializer(UserSerializer):
    """A user with groups and permissions, for staff."""

    groups: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    permissions = serializers.SerializerMethodField(help_text='Of the user and the user\'s groups, as "app.codename".')

    class Meta(UserSerializer.Meta):
        fields = [*UserSerializer.Meta.fields, "is_staff", "is_superuser", "groups", "permissions"]
        read_only_fields = fields

    def get_permissions(self, user: User) -> list[str]:
        """Return the permissions of the user's groups and of the user, from prefetched rows."""
        granted = [*user.user_permissions.all()]
        for group in user.groups.all():
            granted += group.permissions.all()
        return sorted({f"{permission.content_type.app_label}.{permission.codename}" for permission in granted})


class StaffUserChangeSerializer(serializers.ModelSerializer[User]):
    """The fields of an account that staff change."""

    role = serializers.ChoiceField(choices=Role.choices)
    is_active = serializers.BooleanField()

    class Meta:
        model = User
        fields = ["full_name", "time_zone", "role", "is_active"]


class ImpersonationReasonSerializer(serializers.Serializer[Any]):
    """The reason of an impersonation."""

    reason = serializers.CharField(max_length=300, validators=[validate_visible])


class ImpersonationSerializer(serializers.Serializer[Any]):
    """The access token of an impersonation; it cannot be refreshed."""

    access_token = serializers.CharField()
    expires_in = serializers.IntegerField()
    user = UserSerializer()


class PersonSerializer(serializers.ModelSerializer[User]):
    """A user's id, name and email address."""

    class Meta:
        model = User
        fields = ["id", "full_name", "email"]


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """An entry of the audit log."""

    actor = PersonSerializer(allow_null=True)
    subject = PersonSerializer(allow_null=True)

    class Meta:
        model = AuditEntry
        fields = [
            "id", "created_at", "actor", "subject", "action", "target_type", "target_id", "changes", "ip_address",
            "request_id",
        ]  # fmt: skip
