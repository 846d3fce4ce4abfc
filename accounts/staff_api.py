"""`/admin/users` and `/admin/audit-logs` of the API."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import account_administration, impersonation
from accounts.api import UserFilter
from accounts.audit_filters import AuditFilter
from accounts.models import User
from accounts.permissions import PrivilegePermission, signed_in
from accounts.serializers import UserSerializer
from accounts.staff_serializers import (
    AuditEntrySerializer,
    ImpersonationReasonSerializer,
    ImpersonationSerializer,
    StaffUserChangeSerializer,
    StaffUserSerializer,
)
from core.access.impersonation import hide_while_impersonating
from core.http.pagination import FeedPagination
from core.models import AuditEntry


class IsStaff(PrivilegePermission):
    """Allows staff who have the view's `permission_names()`."""

    message: Any = _("The admin is available to staff only.")

    def is_allowed(self, request: Request, view: APIView) -> bool:
        user: Any = request.user
        return getattr(user, "is_staff", False) and user.has_perms(view.permission_names())  # type: ignore[attr-defined]  # our views have them


@hide_while_impersonating
class StaffUserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[User]):
    """Users, for staff."""

    queryset = User.objects.select_related("avatar").prefetch_related(
        "groups__permissions__content_type", "user_permissions__content_type"
    )
    serializer_class = StaffUserSerializer
    permission_classes = (IsStaff,)
    filterset_class = UserFilter
    lookup_url_kwarg = "user_id"

    def permission_names(self) -> list[str]:
        """Return the Django permissions that the action requires."""
        needs = {"update": "accounts.change_user", "impersonate": impersonation.PERMISSION}
        return [needs.get(self.action, "accounts.view_user")]

    @extend_schema(request=StaffUserChangeSerializer(partial=True), responses=StaffUserSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change name, time zone, role or activity; 403 `out_of_reach` or `role_not_allowed`, 409 `last_admin`."""
        user = self.get_object()
        serializer = StaffUserChangeSerializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        account_administration.change_user(actor=signed_in(request), user=user, changes=dict(serializer.validated_data))
        return Response(StaffUserSerializer(self.get_object()).data)

    @extend_schema(request=ImpersonationReasonSerializer, responses=ImpersonationSerializer)
    @action(detail=True, methods=["post"], filterset_class=None, pagination_class=None)
    def impersonate(self, request: Request, user_id: str) -> Response:
        """Impersonate a user: 200 with an access token of 15 minutes; 403 `impersonation_not_allowed`."""
        user = self.get_object()
        serializer = ImpersonationReasonSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        actor = signed_in(request)
        login = impersonation.start(
            actor=actor, user=user, life=impersonation.TOKEN_LIFETIME, **serializer.validated_data
        )
        return Response(
            {
                "access_token": impersonation.create_access_token(login),
                "expires_in": int(impersonation.TOKEN_LIFETIME.total_seconds()),
                "user": UserSerializer(user).data,
            }
        )


class AuditLogPagination(FeedPagination):
    """Cursor pagination of the audit log, newest first."""

    ordering = "-id"


@hide_while_impersonating
class AuditLogViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[AuditEntry]):
    """The audit log, newest first; read-only."""

    queryset: QuerySet[AuditEntry] = AuditEntry.objects.select_related("actor", "subject")
    serializer_class = AuditEntrySerializer
    permission_classes = (IsStaff,)
    pagination_class = AuditLogPagination
    filterset_class = AuditFilter

    def permission_names(self) -> list[str]:
        """Return the Django permission that reading requires."""
        return ["platform.view_auditentry"]
