"""Helpers and DRF permissions that views of all apps use."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.errors import AccountError
from accounts.models import Role, User, has_role


def signed_in(request: Any) -> User:
    """Return the user of an authenticated request; raise PermissionDenied for anonymous requests."""
    if not isinstance(request.user, User):
        raise PermissionDenied(_("Log in first."))
    return request.user


def require_verified_email(user: User) -> None:
    """Raise AccountError `email_not_verified` (403) if the site requires a confirmed address (REQUIRE_VERIFIED_EMAIL).

    Called by the services of publishing, paying and posting; logging in does not require it.
    """
    if settings.REQUIRE_VERIFIED_EMAIL and user.email_verified_at is None:
        raise AccountError("email_not_verified", _("Confirm your email address first."), status=403)


class IsAdmin(BasePermission):
    """Allows administrators."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return has_role(request.user, Role.ADMIN)


class Teaches(BasePermission):
    """Allows instructors and administrators."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return has_role(request.user, Role.INSTRUCTOR, Role.ADMIN)


class TeachesOrReads(Teaches):
    """Allows reading to all, and other methods to instructors and administrators. Rows are limited by their scope."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or super().has_permission(request, view)
