"""Shapes of what `/auth/*` takes and gives, beside the tokens."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from accounts import mfa
from accounts.models import Challenge

METHODS = [(mfa.APP, _("Authenticator app")), (mfa.MAIL, _("Codes by mail"))]


def checked(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return a request's body as `shape` has it; raise rest_framework's ValidationError."""
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class CredentialsSerializer(serializers.Serializer[Any]):
    """What signing in takes."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class ChallengeSerializer(serializers.Serializer[Any]):
    """The second step that signing in leads to, where it is on; never the code."""

    mfa_required = serializers.BooleanField(default=True)
    challenge_token = serializers.CharField()
    methods = serializers.ListField(child=serializers.CharField())
    expires_in_seconds = serializers.IntegerField()


def challenge_answer(challenge: Challenge) -> dict[str, Any]:
    """Return a challenge as ChallengeSerializer shows it."""
    return {
        "mfa_required": True,
        "challenge_token": mfa.token_of(challenge),
        "methods": [challenge.method, mfa.RECOVERY],
        "expires_in_seconds": mfa.LIFE_SECONDS,
    }


class SecondStepSerializer(serializers.Serializer[Any]):
    """A code for a challenge."""

    challenge_token = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=32)


class ExpirySerializer(serializers.Serializer[Any]):
    """How long the access token in the cookie lives."""

    expires_in = serializers.IntegerField()


class CookieLoginSerializer(ExpirySerializer):
    """A sign-in by cookie: the tokens are not in it."""

    user = serializers.DictField(help_text="As GET /users/me.")


class CsrfSerializer(serializers.Serializer[Any]):
    """The CSRF token, to send back as `X-CSRFToken`."""

    csrf_token = serializers.CharField()


class TicketSerializer(serializers.Serializer[Any]):
    """A ticket for one WebSocket: `?ticket=`."""

    ticket = serializers.CharField()
    expires_in_seconds = serializers.IntegerField()


class EmailSerializer(serializers.Serializer[Any]):
    """Whose mail is meant."""

    email = serializers.EmailField(max_length=254)


class TokenSerializer(serializers.Serializer[Any]):
    """What a mailed link carries."""

    token = serializers.CharField(max_length=200)


class NewPasswordSerializer(TokenSerializer):
    """A mailed link, and the password to set."""

    new_password = serializers.CharField(min_length=8, max_length=4096, trim_whitespace=False)


class MfaMethodSerializer(serializers.Serializer[Any]):
    """By which means to prove oneself from now on."""

    method = serializers.ChoiceField(choices=METHODS)


class MfaSetupSerializer(serializers.Serializer[Any]):
    """What to put into the app; shown this once."""

    challenge_token = serializers.CharField()
    method = serializers.ChoiceField(choices=METHODS)
    expires_in_seconds = serializers.IntegerField()
    secret = serializers.CharField(required=False, allow_null=True)
    otpauth_url = serializers.CharField(required=False, allow_null=True)
    qr_svg = serializers.CharField(required=False, allow_null=True)


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    """Ten codes that each replace the second factor once; shown this once."""

    mfa_enabled = serializers.BooleanField()
    recovery_codes = serializers.ListField(child=serializers.CharField())


class MfaDisableSerializer(serializers.Serializer[Any]):
    """Both proofs."""

    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    code = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")
