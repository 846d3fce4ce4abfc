"""`/auth/*` and `/users/*` of the API."""

from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services, tokens
from accounts.models import LoginSession, Role, User
from accounts.permissions import IsAdmin, Teaches, signed_in
from accounts.serializers import (
    CredentialsSerializer,
    LoginSessionSerializer,
    RefreshTokenSerializer,
    RegistrationSerializer,
    TokenPairSerializer,
    UserSerializer,
)
from lms.lib.scoping import ScopedMixin


class TokenView(APIView):
    """Sign in with e-mail and password; get an access and a refresh token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=CredentialsSerializer, responses=TokenPairSerializer, operation_id="auth_token")
    def post(self, request: Request) -> Response:
        """Answer 200 with the tokens, or 401 `invalid_credentials`."""
        shape = CredentialsSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        pair = services.sign_in(request=request._request, **shape.validated_data)
        return Response(TokenPairSerializer(pair).data)


class RefreshView(APIView):
    """Exchange a refresh token for a new pair; it works once."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=RefreshTokenSerializer, responses=TokenPairSerializer, operation_id="auth_refresh")
    def post(self, request: Request) -> Response:
        """Answer 200 with the new tokens, or 401 `token_not_valid` or `token_reused`."""
        shape = RefreshTokenSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        return Response(TokenPairSerializer(tokens.rotate(**shape.validated_data)).data)


class LogoutView(APIView):
    """End the login that a refresh token belongs to."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        request=RefreshTokenSerializer,
        responses={204: OpenApiResponse(description="Ended.")},
        operation_id="auth_logout",
    )
    def post(self, request: Request) -> Response:
        """Answer 204; its access tokens stop working at once."""
        shape = RefreshTokenSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        tokens.end_session(actor=signed_in(request), **shape.validated_data)
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
        return super().get_queryset().filter(pk__in=LoginSession.objects.live())

    def perform_destroy(self, instance: LoginSession) -> None:
        """End the login; keep its row, which the audit log names."""
        LoginSession.objects.filter(pk=instance.pk).end()


class UserFilter(django_filters.FilterSet):
    """Filters of the list of people."""

    search = django_filters.CharFilter(method="by_words", label="Part of the name or the address")
    role = django_filters.ChoiceFilter(choices=Role.choices)
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = User
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Return the users whose name or address contains `value`."""
        return queryset.filter(Q(full_name__icontains=value) | Q(email__icontains=value))


class UserViewSet(ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[User]):
    """People: oneself for everybody, one's students for instructors, everybody for admins."""

    queryset = User.objects.all()
    serializer_class = UserSerializer
    filterset_class = UserFilter
    lookup_url_kwarg = "user_id"

    def get_permissions(self) -> list[Any]:
        """Return who may do what: register anybody, list teachers and admins, look one up admins."""
        who: dict[str, Any] = {"create": AllowAny, "list": Teaches, "retrieve": IsAdmin}
        return [who.get(self.action, IsAuthenticated)()]

    @extend_schema(request=RegistrationSerializer, responses={201: UserSerializer})
    def create(self, request: Request) -> Response:
        """Register: answer 201 with the user, 400 `email_taken`, or 403 where registration is closed."""
        shape = RegistrationSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        try:
            user = services.register(actor=request.user, **shape.validated_data)
        except ValidationError as error:
            raise exceptions.ValidationError({"password": error.messages}) from error
        return Response(UserSerializer(user).data, status=status.HTTP_201_CREATED)

    @extend_schema(methods=["PUT", "PATCH"], request=UserSerializer(partial=True), responses=UserSerializer)
    @extend_schema(methods=["GET"], responses=UserSerializer)
    @action(detail=False, methods=["get", "put", "patch"], filterset_class=None, pagination_class=None)
    def me(self, request: Request) -> Response:
        """The caller: read, or change name, time zone and profile data. Other fields are ignored."""
        user = signed_in(request)
        if request.method == "GET":
            return Response(UserSerializer(user).data)
        shape = UserSerializer(user, data=request.data, partial=True)
        shape.is_valid(raise_exception=True)
        try:
            user = services.update_profile(actor=user, user=user, changes=dict(shape.validated_data))
        except ValidationError as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from error
        return Response(UserSerializer(user).data)
