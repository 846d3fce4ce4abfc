"""Who is asking: what views and viewsets of every app need to know of it."""

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
    """Return the user of a request that only signed-in people get through; raise PermissionDenied for anybody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied(_("Sign in first."))
    return request.user


def require_verified_email(user: User) -> None:
    """Raise AccountError `email_not_verified` (403) for somebody whose mails may reach a stranger, where the site asks
    for that (REQUIRE_VERIFIED_EMAIL). Services of publishing, paying and posting call it; logging in does not wait."""
    if settings.REQUIRE_VERIFIED_EMAIL and user.email_verified_at is None:
        raise AccountError("email_not_verified", _("Confirm your e-mail address first."), status=403)


class IsAdmin(BasePermission):
    """For what only administrators do."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller is an administrator."""
        return has_role(request.user, Role.ADMIN)


class Teaches(BasePermission):
    """For what instructors and administrators do."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller teaches or administers."""
        return has_role(request.user, Role.INSTRUCTOR, Role.ADMIN)


class TeachesOrReads(Teaches):
    """Everybody reads; only instructors and admins begin something new. Which rows is for the scoping to say."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller may make this kind of request at all."""
        return request.method in SAFE_METHODS or super().has_permission(request, view)
