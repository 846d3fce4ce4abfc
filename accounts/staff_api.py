"""`/admin/users` and `/admin/audit-logs` of the API; the figures of `/admin/stats` come from the apps above."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import impersonation, staffing
from accounts.api import UserFilter
from accounts.audit_filters import AuditFilter
from accounts.models import User
from accounts.permissions import signed_in
from accounts.serializers import UserSerializer
from accounts.staff_serializers import (
    AuditEntrySerializer,
    ImpersonationSerializer,
    ReasonSerializer,
    StaffUserChangeSerializer,
    StaffUserSerializer,
)
from lms.lib.pagination import Feed
from lms.platform.models import AuditEntry


class IsStaff(BasePermission):
    """For staff who have the view's `permission_names`, behind the second factor where the site asks for it.

    A token of somebody with a second factor was given only after it; a browser's session says itself.
    """

    message = _("The administration is for staff, with their second factor on.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller may make this kind of request."""
        user: Any = request.user
        if not getattr(user, "is_staff", False):
            return False
        if settings.MFA_REQUIRED_FOR_STAFF and not user.mfa_enabled:
            return False
        if request.auth is None and user.mfa_enabled and not user.is_verified():
            return False
        return user.has_perms(view.permission_names())  # type: ignore[attr-defined]  # our views have them


class StaffUserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[User]):
    """People, as the staff sees and changes them."""

    queryset = User.objects.select_related("avatar").prefetch_related(
        "groups__permissions__content_type", "user_permissions__content_type"
    )
    serializer_class = StaffUserSerializer
    permission_classes = (IsStaff,)
    filterset_class = UserFilter
    lookup_url_kwarg = "user_id"

    def permission_names(self) -> list[str]:
        """Return the Django permissions that an action needs."""
        needs = {"update": "accounts.change_user", "impersonate": impersonation.PERMISSION}
        return [needs.get(self.action, "accounts.view_user")]

    @extend_schema(request=StaffUserChangeSerializer(partial=True), responses=StaffUserSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change name, time zone, role or activity; 403 `out_of_reach` or `role_not_allowed`, 409 `last_admin`."""
        user = self.get_object()
        shape = StaffUserChangeSerializer(user, data=request.data, partial=True)
        shape.is_valid(raise_exception=True)
        try:
            staffing.change_user(actor=signed_in(request), user=user, changes=dict(shape.validated_data))
        except ValidationError as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)) from error
        return Response(StaffUserSerializer(self.get_object()).data)

    @extend_schema(request=ReasonSerializer, responses=ImpersonationSerializer)
    @action(detail=True, methods=["post"], filterset_class=None, pagination_class=None)
    def impersonate(self, request: Request, user_id: str) -> Response:
        """Act in a person's name: answer 200 with an access token of 15 minutes; 403 `impersonation_not_allowed`."""
        user = self.get_object()
        shape = ReasonSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        actor = signed_in(request)
        login = impersonation.begin(actor=actor, user=user, life=impersonation.BY_TOKEN, **shape.validated_data)
        return Response(
            {
                "access_token": impersonation.access_token(login),
                "expires_in": int(impersonation.BY_TOKEN.total_seconds()),
                "user": UserSerializer(user).data,
            }
        )


class Log(Feed):
    """The audit log's own order."""

    ordering = "-id"


class AuditLogViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[AuditEntry]):
    """The audit log, newest first; nobody writes here."""

    queryset: QuerySet[AuditEntry] = AuditEntry.objects.select_related("actor", "subject")
    serializer_class = AuditEntrySerializer
    permission_classes = (IsStaff,)
    pagination_class = Log
    filterset_class = AuditFilter

    def permission_names(self) -> list[str]:
        """Return the Django permission that reading needs."""
        return ["platform.view_auditentry"]
