"""`/auth/*` of the API: by bearer token, by cookie, with a second step (API.md, "Authentication")."""

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

from accounts import addresses, limits, mfa, passwords, shapes, signing_in, tokens
from accounts.authentication import enforce_csrf
from accounts.models import Challenge, LoginSession, User
from accounts.models.proofs import Door
from accounts.permissions import signed_in
from accounts.serializers import LoginSessionSerializer, RefreshTokenSerializer, TokenPairSerializer, UserSerializer
from accounts.tokens import SESSION_CLAIM, TokenPair
from lms.lib.scoping import ScopedMixin

DONE = OpenApiResponse(description="Done.")


def either(name: str, *serializers: Any) -> PolymorphicProxySerializer:
    """Return the shape of an answer that is one of several."""
    return PolymorphicProxySerializer(component_name=name, serializers=list(serializers), resource_type_field_name=None)


class DoorView(APIView):
    """A way in or out; `door` says which of API_AUTH_TRANSPORTS turns it off."""

    door = Door.BEARER
    authentication_classes: Any = ()
    permission_classes: Any = (AllowAny,)
    # Counted in the database instead, so that a cache that is down neither opens nor closes the door (QUALITY A13).
    throttle_classes: Any = ()
    answers_also = (401, 404)  # for who shows nothing that opens it, and where it is turned off

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer 404 for a door that is turned off; ask for the CSRF token at the doors of cookies."""
        if self.door not in settings.API_AUTH_TRANSPORTS:
            raise Http404
        super().initial(request, *args, **kwargs)
        if self.door == Door.COOKIE:
            enforce_csrf(request)


class OpenView(DoorView):
    """For everybody, by whatever transport is on."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check nothing but what every API view checks."""
        APIView.initial(self, request, *args, **kwargs)


def put_cookies(response: Response, pair: TokenPair) -> Response:
    """Set both tokens as cookies that scripts cannot read; return the response."""
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


def answer_of(door: Door, user: User, outcome: TokenPair | Challenge) -> Response:
    """Return what a sign-in gives: tokens in the body, or in cookies, or the challenge of the second step."""
    if isinstance(outcome, Challenge):
        return Response(shapes.ChallengeSerializer(shapes.challenge_answer(outcome)).data)
    if door == Door.BEARER:
        return Response(TokenPairSerializer(outcome).data)
    return put_cookies(Response({"expires_in": outcome.expires_in, "user": UserSerializer(user).data}), outcome)


class TokenView(DoorView):
    """Sign in with e-mail and password; get an access and a refresh token."""

    @extend_schema(
        request=shapes.CredentialsSerializer,
        responses=either("TokenOrChallenge", TokenPairSerializer, shapes.ChallengeSerializer),
        operation_id="auth_token",
    )
    def post(self, request: Request) -> Response:
        """Answer 200 with tokens or the second step's challenge, 401 `invalid_credentials`, 429 `account_locked`."""
        given = shapes.checked(shapes.CredentialsSerializer, request)
        user, outcome = signing_in.sign_in(request=request._request, door=self.door, **given)
        return answer_of(self.door, user, outcome)


class LoginCookieView(TokenView):
    """Sign in with e-mail and password; get both tokens as cookies that no script can read."""

    door = Door.COOKIE

    @extend_schema(
        request=shapes.CredentialsSerializer,
        responses=either("CookieLoginOrChallenge", shapes.CookieLoginSerializer, shapes.ChallengeSerializer),
        operation_id="auth_login_cookie",
    )
    def post(self, request: Request) -> Response:
        """As /auth/token, with `X-CSRFToken`."""
        return super().post(request)


class SecondStepView(OpenView):
    """Finish a login with a code of the second factor, or with a recovery code."""

    @extend_schema(
        request=shapes.SecondStepSerializer,
        responses=either("TokenOrCookieLogin", TokenPairSerializer, shapes.CookieLoginSerializer),
        operation_id="auth_login_mfa",
    )
    def post(self, request: Request) -> Response:
        """Answer 200 by the door that the challenge came from; 401 `invalid_code` or `challenge_expired`."""
        given = shapes.checked(shapes.SecondStepSerializer, request)
        door = signing_in.door_of(given["challenge_token"])
        if door == Door.COOKIE:
            enforce_csrf(request)
        user, pair = signing_in.finish(token=given["challenge_token"], code=given["code"], request=request._request)
        return answer_of(door, user, pair)


class RefreshView(DoorView):
    """Exchange a refresh token for a new pair; it works once."""

    @extend_schema(request=RefreshTokenSerializer, responses=TokenPairSerializer, operation_id="auth_refresh")
    def post(self, request: Request) -> Response:
        """Answer 200 with the new tokens, or 401 `token_not_valid` or `token_reused`."""
        given = shapes.checked(RefreshTokenSerializer, request)
        limits.spend(limits.REFRESH, address=limits.here())
        return Response(TokenPairSerializer(tokens.rotate(**given)).data)


class RefreshCookieView(DoorView):
    """The same with cookies."""

    door = Door.COOKIE

    @extend_schema(request=None, responses=shapes.ExpirySerializer, operation_id="auth_refresh_cookie")
    def post(self, request: Request) -> Response:
        """Answer 200 with new cookies, or 401 `token_not_valid` or `token_reused`."""
        limits.spend(limits.REFRESH, address=limits.here())
        pair = tokens.rotate(refresh_token=request.COOKIES.get(settings.REFRESH_COOKIE, ""))
        return put_cookies(Response({"expires_in": pair.expires_in}), pair)


class LogoutView(DoorView):
    """End the login that a refresh token belongs to."""

    authentication_classes = APIView.authentication_classes
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=RefreshTokenSerializer, responses={204: DONE}, operation_id="auth_logout")
    def post(self, request: Request) -> Response:
        """Answer 204; its access tokens stop working at once."""
        given = shapes.checked(RefreshTokenSerializer, request)
        tokens.end_session(actor=signed_in(request), **given)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutCookieView(DoorView):
    """End the login that the cookies belong to, and clear them."""

    door = Door.COOKIE

    @extend_schema(request=None, responses={204: DONE}, operation_id="auth_logout_cookie")
    def post(self, request: Request) -> Response:
        """Answer 204, also when the cookies open nothing any more."""
        tokens.end_quietly(refresh_token=request.COOKIES.get(settings.REFRESH_COOKIE, ""), actor=request.user)
        response = Response(status=status.HTTP_204_NO_CONTENT)
        response.delete_cookie(settings.ACCESS_COOKIE, samesite="Lax")
        response.delete_cookie(settings.REFRESH_COOKIE, path=settings.REFRESH_COOKIE_PATH, samesite="Lax")
        return response


class CsrfView(OpenView):
    """The CSRF token, for clients that sign in by cookie or session."""

    @extend_schema(responses=shapes.CsrfSerializer, operation_id="auth_csrf")
    def get(self, request: Request) -> Response:
        """Answer 200 with the token, and set the readable `csrftoken` cookie."""
        response = Response({"csrf_token": get_token(request._request)})
        response["Cache-Control"] = "no-store"
        return response


class SocketTicketView(APIView):
    """A ticket that opens one WebSocket, so that no token stands in an address."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses=shapes.TicketSerializer, operation_id="auth_ws_ticket")
    def post(self, request: Request) -> Response:
        """Answer 200 with `ticket`, good once and for a minute."""
        login_id = getattr(request.auth, "payload", {}).get(SESSION_CLAIM)
        browser = "" if login_id else request.session.session_key or ""
        ticket = signing_in.give_ticket(user=signed_in(request), session_id=login_id, session_key=browser)
        return Response({"ticket": ticket.pk.hex, "expires_in_seconds": 60})


class PasswordResetView(OpenView):
    """Ask for a mail with a link to set a new password."""

    @extend_schema(request=shapes.EmailSerializer, responses={202: DONE}, operation_id="auth_password_reset")
    def post(self, request: Request) -> Response:
        """Answer 202, whether anybody has the address or not; 429 after ten an hour from one network address."""
        passwords.ask_for_reset(**shapes.checked(shapes.EmailSerializer, request))
        return Response(status=status.HTTP_202_ACCEPTED)


class PasswordResetConfirmView(OpenView):
    """Set a new password by a mailed link."""

    @extend_schema(
        request=shapes.NewPasswordSerializer, responses={204: DONE}, operation_id="auth_password_reset_confirm"
    )
    def post(self, request: Request) -> Response:
        """Answer 204, and end every login of the user; 400 `invalid_token`, or why the password is too weak."""
        given = shapes.checked(shapes.NewPasswordSerializer, request)
        try:
            passwords.reset(**given)
        except ValidationError as error:
            raise exceptions.ValidationError({"new_password": error.messages}) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


class EmailVerifyView(OpenView):
    """Ask for a mail with a link to confirm one's address."""

    @extend_schema(request=shapes.EmailSerializer, responses={202: DONE}, operation_id="auth_email_verify")
    def post(self, request: Request) -> Response:
        """Answer 202, whether anybody has the address or not; 429 after ten an hour from one network address."""
        addresses.ask_for_confirmation(**shapes.checked(shapes.EmailSerializer, request))
        return Response(status=status.HTTP_202_ACCEPTED)


class EmailVerifyConfirmView(APIView):
    """Confirm one's address by a mailed link."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=shapes.TokenSerializer, responses=UserSerializer, operation_id="auth_email_verify_confirm")
    def post(self, request: Request) -> Response:
        """Answer 200 with the user; 400 `invalid_token`."""
        given = shapes.checked(shapes.TokenSerializer, request)
        return Response(UserSerializer(addresses.confirm(user=signed_in(request), **given)).data)


class MfaEnableView(APIView):
    """Turn the second factor on, in two calls: begin with a method, confirm with the first code."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        request=either("MfaEnable", shapes.MfaMethodSerializer, shapes.SecondStepSerializer),
        responses=either("MfaSetupOrCodes", shapes.MfaSetupSerializer, shapes.RecoveryCodesSerializer),
        operation_id="auth_mfa_enable",
    )
    def post(self, request: Request) -> Response:
        """Answer 200 with what to set up, or with the recovery codes, which are shown this once."""
        user = signed_in(request)
        if isinstance(request.data, dict) and "challenge_token" in request.data:
            given = shapes.checked(shapes.SecondStepSerializer, request)
            codes, _device = mfa.confirm(user=user, token=given["challenge_token"], code=given["code"])
            return Response({"mfa_enabled": True, "recovery_codes": codes})
        setup = mfa.begin(user=user, **shapes.checked(shapes.MfaMethodSerializer, request))
        shown = shapes.MfaSetupSerializer(setup).data
        return Response({name: value for name, value in shown.items() if value is not None})


class MfaDisableView(APIView):
    """Turn the second factor off, with the password and a code."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        request=shapes.MfaDisableSerializer, responses={204: DONE, 202: DONE}, operation_id="auth_mfa_disable"
    )
    def post(self, request: Request) -> Response:
        """Answer 204; 401 `invalid_code`, 403 `wrong_password`, 409 `mfa_not_enabled`. Without `code`, one is mailed to
        those whose codes come by mail: 202."""
        given = shapes.checked(shapes.MfaDisableSerializer, request)
        user = signed_in(request)
        if not given["code"]:
            passwords.check_again(user=user, password=given["password"])
            mfa.send_code(user=user)
            return Response(status=status.HTTP_202_ACCEPTED)
        mfa.disable(user=user, **given)
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
        """Return the live logins of the caller, last used first."""
        return super().get_queryset().filter(pk__in=LoginSession.objects.listed().values("pk"))

    def perform_destroy(self, instance: LoginSession) -> None:
        """End the login; keep its row, which the audit log names."""
        signing_in.end_login(actor=signed_in(self.request), session=instance)
