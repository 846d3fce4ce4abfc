"""Serializers of `/auth/*`."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from accounts import mfa
from accounts.models import Challenge
from core.http.fields import EmailSerializerField

METHODS = [(mfa.APP, _("Authenticator app")), (mfa.MAIL, _("Email codes"))]


def get_validated_data(serializer_class: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the validated body of a request; raise rest_framework's ValidationError."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class CredentialsSerializer(serializers.Serializer[Any]):
    """Email address and password."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class ChallengeSerializer(serializers.Serializer[Any]):
    """The challenge that a login returns if the second factor is on.

    `code` is included only in development with MFA_EXPOSE_CODE, for a code that is sent by email.
    """

    mfa_required = serializers.BooleanField(default=True)
    challenge_token = serializers.CharField()
    methods = serializers.ListField(child=serializers.CharField())
    expires_in_seconds = serializers.IntegerField()
    code = serializers.CharField(required=False)


def challenge_data(challenge: Challenge) -> dict[str, Any]:
    """Return a challenge as ChallengeSerializer data."""
    code = mfa.get_exposed_code(challenge)
    return {
        **({"code": code} if code else {}),
        "mfa_required": True,
        "challenge_token": mfa.sign_challenge(challenge),
        "methods": [challenge.method, mfa.RECOVERY],
        "expires_in_seconds": mfa.LIFE_SECONDS,
    }


class SecondStepSerializer(serializers.Serializer[Any]):
    """A code for a challenge."""

    challenge_token = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=32)


class ExpirySerializer(serializers.Serializer[Any]):
    """Lifetime of the access token in the cookie, in seconds."""

    expires_in = serializers.IntegerField()


class CookieLoginSerializer(ExpirySerializer):
    """Response of a login by cookie; the tokens are not part of the body."""

    user = serializers.DictField(help_text="As GET /users/me.")


class CsrfSerializer(serializers.Serializer[Any]):
    """The CSRF token, to be sent as `X-CSRFToken`."""

    csrf_token = serializers.CharField()


class TicketSerializer(serializers.Serializer[Any]):
    """A ticket for one WebSocket: `?ticket=`."""

    ticket = serializers.CharField()
    expires_in_seconds = serializers.IntegerField()


class EmailSerializer(serializers.Serializer[Any]):
    """An email address."""

    email = EmailSerializerField(max_length=254)


class TokenSerializer(serializers.Serializer[Any]):
    """The token of an emailed link."""

    token = serializers.CharField(max_length=200)


class NewPasswordSerializer(TokenSerializer):
    """The token of an emailed link and the new password."""

    new_password = serializers.CharField(min_length=8, max_length=4096, trim_whitespace=False)


class MfaMethodSerializer(serializers.Serializer[Any]):
    """The method of the second factor."""

    method = serializers.ChoiceField(choices=METHODS)


class MfaConfirmSerializer(SecondStepSerializer):
    """The first code of a second factor, and the password."""

    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class MfaSetupSerializer(serializers.Serializer[Any]):
    """Setup data for an authenticator app; returned only once."""

    challenge_token = serializers.CharField()
    method = serializers.ChoiceField(choices=METHODS)
    expires_in_seconds = serializers.IntegerField()
    secret = serializers.CharField(required=False, allow_null=True)
    otpauth_url = serializers.CharField(required=False, allow_null=True)
    qr_svg = serializers.CharField(required=False, allow_null=True)
    code = serializers.CharField(required=False, allow_null=True)


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    """Ten recovery codes, each valid once in place of the second factor; returned only once."""

    mfa_enabled = serializers.BooleanField()
    recovery_codes = serializers.ListField(child=serializers.CharField())


class MfaDisableSerializer(serializers.Serializer[Any]):
    """Password and code."""

    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    code = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")
