"""People in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.utils.translation import gettext_lazy as _

from accounts.models import LoginSession, User
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
        (None, {"fields": ["email", "password", "full_name", "role", "time_zone"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("History"), {"fields": ["created_at", "last_login", "email_verified_at", "mfa_enabled"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "full_name", "role", "password1", "password2"]})]


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnlyAdmin):
    """Logins through the API."""

    list_display = ["user", "created_at", "last_used_at", "ended_at", "ip_address", "user_agent"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
