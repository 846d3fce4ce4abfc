"""Serializers for users, tokens and logins."""

from typing import Any

from rest_framework import serializers

from accounts.models import LoginSession, Role, User, has_role
from core.http.fields import EmailSerializerField
from core.text.validators import validate_person_name


class UserSerializer(serializers.ModelSerializer[User]):
    """A user, without hashes, tokens and secrets."""

    last_login_at = serializers.DateTimeField(source="last_login", read_only=True, allow_null=True)
    avatar_url = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = User
        fields = [
            "id", "email", "full_name", "role", "is_active", "mfa_enabled", "created_at", "last_login_at",
            "email_verified_at", "profile_metadata", "avatar_url", "time_zone", "language",
        ]  # fmt: skip
        read_only_fields = [
            "id", "email", "role", "is_active", "mfa_enabled", "created_at", "email_verified_at",
        ]  # fmt: skip

    def validate_profile_metadata(self, value: Any) -> Any:
        """Require an object of at most 10,000 characters."""
        if not isinstance(value, dict):
            raise serializers.ValidationError("Send an object.", code="not_an_object")
        if len(str(value)) > 10_000:
            raise serializers.ValidationError("Keep it under 10,000 characters.", code="too_long")
        return value


class ListedUserSerializer(UserSerializer):
    """A user in a list; only administrators get the security and profile data of the account (quality row V15)."""

    # In the schema, fields that are not in every response are optional.
    mfa_enabled = serializers.BooleanField(required=False)
    last_login_at = serializers.DateTimeField(source="last_login", required=False, allow_null=True)

    def to_representation(self, instance: User) -> dict[str, Any]:
        """Return the user, for instructors without the fields that only administrators get."""
        data = super().to_representation(instance)
        if not has_role(self.context["request"].user, Role.ADMIN):
            for name in ("mfa_enabled", "last_login_at", "profile_metadata"):
                del data[name]
        return data


class RegistrationSerializer(serializers.Serializer[User]):
    """Input of a registration."""

    email = EmailSerializerField(max_length=254)
    password = serializers.CharField(min_length=8, max_length=4096, write_only=True, trim_whitespace=False)
    full_name = serializers.CharField(max_length=120, validators=[validate_person_name])
    role = serializers.ChoiceField(choices=Role.choices, default=Role.STUDENT)


class RefreshTokenSerializer(serializers.Serializer[Any]):
    """A refresh token, for refreshing and logging out."""

    refresh_token = serializers.CharField(max_length=4096)


class TokenPairSerializer(serializers.Serializer[Any]):
    """The tokens of a login."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField(default="bearer")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")


class LoginSessionSerializer(serializers.ModelSerializer[LoginSession]):
    """A live login."""

    current = serializers.SerializerMethodField()

    class Meta:
        model = LoginSession
        fields = ["id", "kind", "created_at", "last_used_at", "ip_address", "user_agent", "current"]

    def get_current(self, session: LoginSession) -> bool:
        """Return whether the request belongs to this login."""
        request = self.context["request"]
        if session.session_key:
            return bool(session.session_key == request.session.session_key)
        return bool(request.auth) and request.auth.get("sid") == str(session.pk)
