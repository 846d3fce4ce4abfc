"""People in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.errors import AccountError
from accounts.models import LoginSession, Role, User
from lms.platform.admin import ReadOnlyAdmin


class UserCreationForm(AdminUserCreationForm):
    """A new user, by address."""

    class Meta:
        model = User
        fields = ("email", "full_name", "role")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """People: search, filter, role, lock."""

    add_form = UserCreationForm
    ordering = ["-created_at"]
    list_display = ["email", "full_name", "role", "is_active", "created_at", "last_login"]
    list_filter = ["role", "is_active", "is_staff"]
    search_fields = ["email", "full_name"]
    readonly_fields = ["last_login", "created_at", "email_verified_at", "mfa_enabled"]
    fieldsets = [
        (None, {"fields": ["email", "password", "full_name", "role", "time_zone", "language"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("History"), {"fields": ["created_at", "last_login", "email_verified_at", "mfa_enabled"]}),
    ]

    # Who may do everything is for the command line to say, not for whoever borrows an admin's browser (QUALITY M04).
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what nobody changes here; admins who are no superusers change no superuser."""
        fields = [*super().get_readonly_fields(request, obj), "is_staff", "is_superuser"]
        return fields if request.user.is_superuser else [*fields, "groups", "user_permissions"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Change role and activity by the service, which ends logins and keeps the last admin (QUALITY A02, U06)."""
        if not change:
            obj.is_staff = obj.role == Role.ADMIN
            super().save_model(request, obj, form, change)
            return
        role, is_active = obj.role, obj.is_active
        before = User.objects.get(pk=obj.pk)
        obj.role, obj.is_active = before.role, before.is_active
        super().save_model(request, obj, form, change)
        try:
            services.change_access(actor=request.user, user=obj, role=role, is_active=is_active)
        except AccountError as error:
            messages.error(request, str(error.detail))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: people leave by the API's DELETE, which keeps what others rely on (QUALITY U03)."""
        return False

    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "full_name", "role", "password1", "password2"]})]


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnlyAdmin):
    """Logins through the API."""

    list_display = ["user", "kind", "created_at", "last_used_at", "ended_at", "ip_address", "user_agent"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
