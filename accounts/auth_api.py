"""`/auth/*` of the API: login by bearer token or cookie, second factor (docs/api-contract.md, "Authentication")."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404
from django.middleware.csrf import get_token
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import exceptions, mixins, status, viewsets
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import addresses, auth_serializers, limits, login, mfa, passwords, tokens
from accounts.authentication import enforce_csrf
from accounts.models import Challenge, LoginSession, User
from accounts.models.one_time_tokens import Transport
from accounts.permissions import signed_in
from accounts.serializers import LoginSessionSerializer, RefreshTokenSerializer, TokenPairSerializer, UserSerializer
from accounts.tokens import TokenPair
from core.access.scopes import ScopedMixin

DONE = OpenApiResponse(description="Done.")


def one_of(name: str, *serializers: Any) -> PolymorphicProxySerializer:
    """Return an OpenAPI schema for a response that has one of several shapes."""
    return PolymorphicProxySerializer(component_name=name, serializers=list(serializers), resource_type_field_name=None)


class AnyTransportView(APIView):
    """A public endpoint that works with every transport."""

    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)
    # Limits are counted in the database, so that a cache that is down neither lifts nor blocks them (quality row A13).
    throttle_classes: Any = ()
    answers_also = (401, 404)  # for missing credentials, and for a disabled transport


class TransportView(AnyTransportView):
    """A login or logout endpoint of one transport; 404 unless API_AUTH_TRANSPORTS includes `transport`."""

    transport = Transport.BEARER

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Return 404 if the transport is disabled; check the CSRF token for cookies."""
        if self.transport not in settings.API_AUTH_TRANSPORTS:
            raise Http404
        super().initial(request, *args, **kwargs)
        if self.transport == Transport.COOKIE:
            enforce_csrf(request)


def set_token_cookies(response: Response, pair: TokenPair) -> Response:
    """Set both tokens as HttpOnly cookies and return the response."""
    secure = settings.SESSION_COOKIE_SECURE
    refresh_life = int(settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"].total_seconds())
    response.set_cookie(
        settings.ACCESS_COOKIE, pair.access_token, max_age=pair.expires_in, httponly=True, secure=secure, samesite="Lax"
    )
    response.set_cookie(
        settings.REFRESH_COOKIE, pair.refresh_token, max_age=refresh_life, path=settings.REFRESH_COOKIE_PATH,
        httponly=True, secure=secure, samesite="Lax",
    )  # fmt: skip
    return response


def login_response(transport: Transport, user: User, outcome: TokenPair | Challenge) -> Response:
    """Return tokens in the body or in cookies, or the challenge of the second factor."""
    if isinstance(outcome, Challenge):
        return Response(auth_serializers.ChallengeSerializer(auth_serializers.challenge_data(outcome)).data)
    if transport == Transport.BEARER:
        return Response(TokenPairSerializer(outcome).data)
    return set_token_cookies(Response({"expires_in": outcome.expires_in, "user": UserSerializer(user).data}), outcome)


class TokenView(TransportView):
    """Log in with email and password; returns an access and a refresh token."""

    @extend_schema(
        request=auth_serializers.CredentialsSerializer,
        responses=one_of("TokenOrChallenge", TokenPairSerializer, auth_serializers.ChallengeSerializer),
        operation_id="auth_token",
    )
    def post(self, request: Request) -> Response:
        """Return 200 with tokens or a challenge, 401 `invalid_credentials`, or 429 `account_locked`."""
        data = auth_serializers.get_validated_data(auth_serializers.CredentialsSerializer, request)
        user, outcome = login.log_in(request=request, transport=self.transport, **data)
        return login_response(self.transport, user, outcome)


class LoginCookieView(TokenView):
    """Log in with email and password; sets both tokens as HttpOnly cookies."""

    transport = Transport.COOKIE

    @extend_schema(
        request=auth_serializers.CredentialsSerializer,
        responses=one_of(
            "CookieLoginOrChallenge", auth_serializers.CookieLoginSerializer, auth_serializers.ChallengeSerializer
        ),
        operation_id="auth_login_cookie",
    )
    def post(self, request: Request) -> Response:
        """Respond as /auth/token; requires `X-CSRFToken`."""
        return super().post(request)


class MfaLoginView(AnyTransportView):
    """Complete a login with a code of the second factor, or with a recovery code."""

    @extend_schema(
        request=auth_serializers.SecondStepSerializer,
        responses=one_of("TokenOrCookieLogin", TokenPairSerializer, auth_serializers.CookieLoginSerializer),
        operation_id="auth_login_mfa",
    )
    def post(self, request: Request) -> Response:
        """Return 200 by the challenge's transport; 401 `invalid_code` or `challenge_expired`."""
        data = auth_serializers.get_validated_data(auth_serializers.SecondStepSerializer, request)
        transport = login.transport_of(data["challenge_token"])
        if transport == Transport.COOKIE:
            enforce_csrf(request)
        user, pair = login.complete_login(token=data["challenge_token"], code=data["code"], request=request)
        return login_response(transport, user, pair)


class RefreshView(TransportView):
    """Exchange a refresh token for a new pair; each token works once."""

    @extend_schema(request=RefreshTokenSerializer, responses=TokenPairSerializer, operation_id="auth_refresh")
    def post(self, request: Request) -> Response:
        """Return 200 with the new tokens, or 401 `token_not_valid` or `token_reused`."""
        data = auth_serializers.get_validated_data(RefreshTokenSerializer, request)
        limits.spend(limits.REFRESH, address=limits.client_address())
        return Response(TokenPairSerializer(tokens.rotate(**data)).data)


class RefreshCookieView(TransportView):
    """Exchange the refresh token in the cookie for new cookies."""

    transport = Transport.COOKIE

    @extend_schema(request=None, responses=auth_serializers.ExpirySerializer, operation_id="auth_refresh_cookie")
    def post(self, request: Request) -> Response:
        """Return 200 with new cookies, or 401 `token_not_valid` or `token_reused`."""
        limits.spend(limits.REFRESH, address=limits.client_address())
        pair = tokens.rotate(refresh_token=request.COOKIES.get(settings.REFRESH_COOKIE, ""))
        return set_token_cookies(Response({"expires_in": pair.expires_in}), pair)


class LogoutView(TransportView):
    """End the login that a refresh token belongs to."""

    authentication_classes = APIView.authentication_classes
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=RefreshTokenSerializer, responses={204: DONE}, operation_id="auth_logout")
    def post(self, request: Request) -> Response:
        """Return 204; the access tokens of the login stop working at once."""
        data = auth_serializers.get_validated_data(RefreshTokenSerializer, request)
        tokens.end_session(actor=signed_in(request), **data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutCookieView(TransportView):
    """End the login that the cookies belong to, and clear them."""

    transport = Transport.COOKIE

    @extend_schema(request=None, responses={204: DONE}, operation_id="auth_logout_cookie")
    def post(self, request: Request) -> Response:
        """Return 204, even if the cookies are no longer valid."""
        tokens.end_session_if_valid(refresh_token=request.COOKIES.get(settings.REFRESH_COOKIE, ""), actor=request.user)
        response = Response(status=status.HTTP_204_NO_CONTENT)
        response.delete_cookie(settings.ACCESS_COOKIE, samesite="Lax")
        response.delete_cookie(settings.REFRESH_COOKIE, path=settings.REFRESH_COOKIE_PATH, samesite="Lax")
        return response


class CsrfView(AnyTransportView):
    """Return the CSRF token for clients that log in by cookie or session."""

    @extend_schema(responses=auth_serializers.CsrfSerializer, operation_id="auth_csrf")
    def get(self, request: Request) -> Response:
        """Return 200 with the token, and set the readable `csrftoken` cookie."""
        response = Response({"csrf_token": get_token(request)})
        response["Cache-Control"] = "no-store"
        return response


class SocketTicketView(APIView):
    """Create a ticket that opens one WebSocket, so that no token has to be part of a URL."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses=auth_serializers.TicketSerializer, operation_id="auth_ws_ticket")
    def post(self, request: Request) -> Response:
        """Return 200 with `ticket`, valid once and for one minute."""
        ticket = login.create_ticket(user=signed_in(request), login_id=login.get_login_id(request))
        return Response({"ticket": ticket.pk.hex, "expires_in_seconds": 60})


class PasswordResetView(AnyTransportView):
    """Request an email with a password reset link."""

    @extend_schema(request=auth_serializers.EmailSerializer, responses={202: DONE}, operation_id="auth_password_reset")
    def post(self, request: Request) -> Response:
        """Return 202 whether the address has an account or not; 429 after ten requests an hour from one IP address."""
        passwords.request_reset(**auth_serializers.get_validated_data(auth_serializers.EmailSerializer, request))
        return Response(status=status.HTTP_202_ACCEPTED)


class PasswordResetConfirmView(AnyTransportView):
    """Set a new password with an emailed link."""

    @extend_schema(
        request=auth_serializers.NewPasswordSerializer,
        responses={204: DONE},
        operation_id="auth_password_reset_confirm",
    )
    def post(self, request: Request) -> Response:
        """Return 204 and end every login of the user; 400 `invalid_token` or the password's errors."""
        data = auth_serializers.get_validated_data(auth_serializers.NewPasswordSerializer, request)
        try:
            passwords.reset(**data)
        except ValidationError as error:
            raise exceptions.ValidationError({"new_password": error.messages}) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


class EmailVerifyView(AnyTransportView):
    """Request an email with a confirmation link."""

    @extend_schema(request=auth_serializers.EmailSerializer, responses={202: DONE}, operation_id="auth_email_verify")
    def post(self, request: Request) -> Response:
        """Return 202 whether the address has an account or not; 429 after ten requests an hour from one IP address."""
        addresses.request_confirmation(**auth_serializers.get_validated_data(auth_serializers.EmailSerializer, request))
        return Response(status=status.HTTP_202_ACCEPTED)


class EmailVerifyConfirmView(APIView):
    """Confirm the caller's email address with an emailed link."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        request=auth_serializers.TokenSerializer, responses=UserSerializer, operation_id="auth_email_verify_confirm"
    )
    def post(self, request: Request) -> Response:
        """Return 200 with the user; 400 `invalid_token`."""
        data = auth_serializers.get_validated_data(auth_serializers.TokenSerializer, request)
        return Response(UserSerializer(addresses.confirm(user=signed_in(request), **data)).data)


class MfaEnableView(APIView):
    """Enable the second factor in two calls: the first selects a method, the second confirms password and code.

    The user's other logins end. This one stays, but has not passed the second factor; log in again for that.
    """

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        request=one_of("MfaEnable", auth_serializers.MfaMethodSerializer, auth_serializers.MfaConfirmSerializer),
        responses=one_of(
            "MfaSetupOrCodes", auth_serializers.MfaSetupSerializer, auth_serializers.RecoveryCodesSerializer
        ),
        operation_id="auth_mfa_enable",
    )
    def post(self, request: Request) -> Response:
        """Return 200 with the setup data, or with the recovery codes, which are returned only once.

        401 `invalid_code` or `challenge_expired`, 403 `wrong_password`, 409 `mfa_already_enabled`.
        """
        user = signed_in(request)
        if isinstance(request.data, dict) and "challenge_token" in request.data:
            data = auth_serializers.get_validated_data(auth_serializers.MfaConfirmSerializer, request)
            token = data.pop("challenge_token")
            codes = mfa.confirm_setup(user=user, token=token, kept_login=login.get_login_id(request), **data)
            return Response({"mfa_enabled": True, "recovery_codes": codes})
        setup = mfa.begin_setup(
            user=user, **auth_serializers.get_validated_data(auth_serializers.MfaMethodSerializer, request)
        )
        shown = auth_serializers.MfaSetupSerializer(setup).data
        return Response({name: value for name, value in shown.items() if value is not None})


class MfaDisableView(APIView):
    """Disable the second factor with the password and a code."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        request=auth_serializers.MfaDisableSerializer, responses={204: DONE, 202: DONE}, operation_id="auth_mfa_disable"
    )
    def post(self, request: Request) -> Response:
        """Return 204; 401 `invalid_code`, 403 `wrong_password`, 409 `mfa_not_enabled`.

        Without `code`, one is emailed to users of emailed codes, and the status is 202.
        """
        data = auth_serializers.get_validated_data(auth_serializers.MfaDisableSerializer, request)
        user = signed_in(request)
        if not data["code"]:
            passwords.confirm_password(user=user, password=data["password"])
            mfa.send_code(user=user)
            return Response(status=status.HTTP_202_ACCEPTED)
        mfa.disable(user=user, **data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LoginSessionViewSet(
    ScopedMixin, mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[LoginSession]
):
    """The caller's live logins."""

    queryset = LoginSession.objects.all()
    serializer_class = LoginSessionSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "session_id"

    def get_queryset(self) -> QuerySet[LoginSession]:
        """Return the caller's live logins, last used first."""
        return super().get_queryset().listed()

    def perform_destroy(self, instance: LoginSession) -> None:
        """End the login; its row is retained for the audit log."""
        login.end_login(actor=signed_in(self.request), session=instance)
