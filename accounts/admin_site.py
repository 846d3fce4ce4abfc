"""The admin site behind the site's own login and the second factor (quality row A06, M04)."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import mfa
from accounts.models import User
from accounts.models.one_time_tokens import Transport
from accounts.pending_login import store


class AdminSite(admin.AdminSite):
    """An admin site without a login form, which leads staff to the second factor where their login lacks it."""

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect visitors to the site's login, and staff to the step that is missing; the admin has no login form."""
        next_url = request.GET.get("next") or "/admin/"
        user = request.user
        if self.has_permission(request):
            return redirect("admin:index")
        if not isinstance(user, User):
            return redirect_to_login(next_url)
        if not user.is_limited:
            raise PermissionDenied(_("The admin is available to staff only."))
        if not user.mfa_enabled:
            messages.warning(request, _("Turn on two-factor authentication to use your staff permissions."))
            return redirect("accounts:security")
        store(request, mfa.create_login_challenge(user=user, transport=Transport.PAGE), next_url)
        return redirect("accounts:login_code")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]  # a redirect serves as well
        """Redirect to the account's password page, which also ends the user's other logins."""
        return redirect("accounts:password")
