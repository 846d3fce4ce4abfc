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


class PrivilegePermission(BasePermission):
    """Base class of permissions that need a privilege, with an error of their own for limited users."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the user has the privilege; set code and message for a limited user."""
        if self.is_allowed(request, view):
            return True
        if getattr(request.user, "is_limited", False):
            self.code, self.message = "second_factor_required", second_factor_message()
        return False

    def is_allowed(self, request: Request, view: APIView) -> bool:
        """Return whether the user of the request has the privilege."""
        raise NotImplementedError


def second_factor_message() -> str:
    """Return the message for staff whose login lacks the second factor."""
    return _("Log in with two-factor authentication to use your staff permissions.")


class IsAdmin(PrivilegePermission):
    """Allows administrators."""

    def is_allowed(self, request: Request, view: APIView) -> bool:
        return has_role(request.user, Role.ADMIN)


class Teaches(PrivilegePermission):
    """Allows instructors and administrators."""

    def is_allowed(self, request: Request, view: APIView) -> bool:
        return has_role(request.user, Role.INSTRUCTOR, Role.ADMIN)


class TeachesOrReads(Teaches):
    """Allows reading to all, and other methods to instructors and administrators. Rows are limited by their scope."""

    def is_allowed(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or super().is_allowed(request, view)
