"""The admin's front door: our own login, then the second factor (QUALITY A06, M04)."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import mfa
from accounts.models import User
from accounts.models.proofs import Door
from accounts.second_step import keep


class AdminSite(admin.AdminSite):
    """Lets staff in who have shown their second factor: all of them, or (in development) those who have one."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether this is staff, and verified where that is asked for."""
        if not super().has_permission(request):
            return False
        user: Any = request.user
        return user.is_verified() or not (settings.MFA_REQUIRED_FOR_STAFF or user.mfa_enabled)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send visitors to the site's login, staff to the step that is missing; there is no other way in."""
        wanted = request.GET.get("next") or "/admin/"
        user = request.user
        if self.has_permission(request):
            return redirect("admin:index")
        if not isinstance(user, User):
            return redirect_to_login(wanted)
        if not super().has_permission(request):
            raise PermissionDenied(_("The administration is for staff."))
        if not user.mfa_enabled:
            messages.warning(request, _("Turn on a second factor first: the administration asks for it."))
            return redirect("accounts:security")
        keep(request, mfa.challenge(user=user, door=Door.PAGE), wanted)
        return redirect("accounts:login_code")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]  # a redirect serves as well
        """Send staff to the page where everybody changes their password: it ends their other logins, and says so."""
        return redirect("accounts:password")
