"""`/users/*` of the API."""

from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import account_deletion, services
from accounts.models import Role, User, has_role, matches_person
from accounts.permissions import IsAdmin, Teaches, signed_in
from accounts.serializers import ListedUserSerializer, RegistrationSerializer, UserSerializer
from core.access.scopes import SAFE_METHODS, ScopedMixin
from core.http.filters import BooleanFilter


class UserFilter(django_filters.FilterSet):
    """Filters of the user list."""

    search = django_filters.CharFilter(method="by_words", label="Part of the name or the email address")
    role = django_filters.ChoiceFilter(choices=Role.choices)
    is_active = BooleanFilter()

    class Meta:
        model = User
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Filter by a part of the name or the email address."""
        return queryset.filter(matches_person(value))


class UserViewSet(
    ScopedMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[User],
):
    """Users: administrators see all, instructors their students, students themselves."""

    queryset = User.objects.all()
    serializer_class = UserSerializer
    filterset_class = UserFilter
    lookup_url_kwarg = "user_id"

    def get_queryset(self) -> QuerySet[User]:
        """Return the users that the caller may see; an instructor's list holds the instructor's students only."""
        people = super().get_queryset().select_related("avatar")
        if self.action == "list" and not has_role(self.request.user, Role.ADMIN):
            return people.exclude(pk=self.request.user.pk)
        return people

    def get_serializer_class(self) -> type[UserSerializer]:
        """Return the serializer of an action."""
        return ListedUserSerializer if self.action == "list" else UserSerializer

    def get_permissions(self) -> list[Any]:
        """Return the permissions of an action: anyone registers, instructors list, administrators retrieve."""
        who: dict[str, Any] = {"create": AllowAny, "list": Teaches, "retrieve": IsAdmin, "destroy": IsAdmin}
        return [who.get(self.action, IsAuthenticated)()]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List all users for administrators; instructors get their students, with fewer fields."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=RegistrationSerializer, responses={201: UserSerializer})
    def create(self, request: Request) -> Response:
        """Register a user: 201 with the user, 400 `email_taken`, or 403 if registration is closed."""
        serializer = RegistrationSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            user = services.register(actor=request.user, **serializer.validated_data)
        except ValidationError as error:
            raise exceptions.ValidationError({"password": error.messages}) from error
        return Response(UserSerializer(user).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: User) -> None:
        """Delete the user, or anonymize it if orders, certificates or grades are retained. 409 `last_admin`."""
        account_deletion.close_account(actor=signed_in(self.request), user=instance)

    @extend_schema(methods=["PUT", "PATCH"], request=UserSerializer(partial=True), responses=UserSerializer)
    @extend_schema(methods=["GET"], responses=UserSerializer)
    @action(detail=False, methods=["get", "put", "patch"], filterset_class=None, pagination_class=None)
    def me(self, request: Request) -> Response:
        """Return the caller, or change name, time zone, language and profile data; other fields are ignored."""
        user = signed_in(request)
        if request.method in SAFE_METHODS:
            return Response(UserSerializer(user).data)
        serializer = UserSerializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        user = services.update_profile(actor=user, user=user, changes=dict(serializer.validated_data))
        return Response(UserSerializer(user).data)
