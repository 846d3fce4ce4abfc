"""Django admin for users, logins and groups, and the entry point of impersonation."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import account_administration, impersonation, passwords
from accounts.errors import AccountError
from accounts.models import LoginSession, Role, User, has_role
from accounts.permissions import signed_in
from core.admin import ReadOnlyAdmin
from core.admin_confirmation import ReasonForm
from core.audit.entries import record
from core.http.errors import DomainError
from core.http.fields import EmailFormField

# Reading these would allow logging in as any user: their secrets are the second factors themselves (quality row M04).
for secret_model in (TOTPDevice, StaticDevice, EmailDevice, OutstandingToken, BlacklistedToken):
    if admin.site.is_registered(secret_model):
        admin.site.unregister(secret_model)


class UserCreationForm(AdminUserCreationForm):
    """A form that creates a user by email address."""

    class Meta:
        model = User
        fields = ("email", "full_name", "role")


class ImpersonationForm(ReasonForm):
    """A form that asks for the reason of an impersonation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = gettext_lazy(
            "For example a ticket number. The user can see it on the security page."
        )


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Search, filter and change users; impersonate them."""

    add_form = UserCreationForm
    formfield_overrides = {models.EmailField: {"form_class": EmailFormField}}
    ordering = ["-created_at"]
    list_display = ["email", "full_name", "role", "is_active", "mfa_enabled", "last_login"]
    list_filter = ["role", "is_active", "is_staff", "mfa_enabled", "groups"]
    search_fields = ["email", "full_name"]
    search_help_text = gettext_lazy("Search by name or email address")
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    actions = ["switch_off", "switch_on", "end_logins", "mail_reset_link", "reset_second_factor"]
    filter_horizontal = ["groups", "user_permissions"]
    readonly_fields = ["last_login", "created_at", "email_verified_at", "mfa_enabled", "is_staff", "is_superuser"]
    fieldsets = [
        (None, {"fields": ["email", "full_name", "role", "time_zone", "language"]}),
        (gettext_lazy("Access"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (gettext_lazy("History"), {"fields": ["created_at", "last_login", "email_verified_at", "mfa_enabled"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "full_name", "role", "password1", "password2"]})]
    change_form_template = "admin/accounts/user/change_form.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the user may change accounts, or this account (`is_out_of_reach`)."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not account_administration.is_out_of_reach(actor=request.user, user=obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the user is an administrator: a new account has a role, which only they assign."""
        return super().has_add_permission(request) and has_role(request.user, Role.ADMIN)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: accounts are deleted by the API's DELETE, which retains related data (quality row U03)."""
        return False

    # Superusers are made on the command line, so that an administrator's open browser is not enough (quality row M04).
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields that this user cannot change.

        Users cannot raise their own permissions. Only administrators change roles, groups and email addresses.
        """
        fields = [*super().get_readonly_fields(request, obj)]
        user: Any = request.user
        if obj is None:
            return fields
        if not user.is_superuser or obj.pk == user.pk:
            fields.append("user_permissions")
        if not has_role(user, Role.ADMIN):
            fields += ["email", "role", "groups"]
        elif obj.pk == user.pk:
            fields += ["email", "groups"]
        return fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Create an account, or change one through the services.

        `change_user` ends logins, revokes emailed links and protects the last administrator (quality rows A02, V04).
        """
        if not change:
            obj.is_staff = obj.role == Role.ADMIN
            super().save_model(request, obj, form, change)
            record(actor=request.user, action="accounts.made_by_staff", target=obj, changes={"role": obj.role})
            return
        changes = {name: getattr(obj, name) for name in form.changed_data if name not in ("groups", "user_permissions")}
        if changes:
            try:
                account_administration.change_user(actor=signed_in(request), user=obj, changes=changes)
            except AccountError as error:
                messages.error(request, str(error.detail))
            obj.refresh_from_db()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Set the groups through the service; record changed user permissions in the audit log."""
        groups = form.cleaned_data.pop("groups", None)
        own = form.cleaned_data.get("user_permissions")
        super().save_related(request, form, formsets, change)
        if own is not None and "user_permissions" in form.changed_data:
            names = sorted(f"{one.content_type.app_label}.{one.codename}" for one in own)
            changes = {"permissions": names}
            record(actor=request.user, action="accounts.permissions_changed", target=form.instance, changes=changes)
        if groups is None:
            return
        try:
            account_administration.set_groups(actor=signed_in(request), user=form.instance, groups=groups)
        except AccountError as error:
            messages.error(request, str(error.detail))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Respond with 403: staff cannot set another user's password. Use `mail_reset_link` instead."""
        raise PermissionDenied(_("Staff can't set another user's password. Email a password reset link instead."))

    @admin.action(description=gettext_lazy("Deactivate and log out everywhere"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Deactivate the selected users."""
        self._change_each(request, queryset, is_active=False)

    @admin.action(description=gettext_lazy("Activate"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Activate the selected users."""
        self._change_each(request, queryset, is_active=True)

    def _change_each(self, request: HttpRequest, queryset: QuerySet[User], **changes: Any) -> None:
        changed = 0
        for user in queryset:
            try:
                account_administration.change_user(actor=signed_in(request), user=user, changes=changes)
                changed += 1
            except DomainError as error:
                self.message_user(request, f"{user}: {error.detail}", messages.ERROR)
        if changed:
            self.message_user(request, ngettext("%d account changed.", "%d accounts changed.", changed) % changed)

    @admin.action(description=gettext_lazy("Log out everywhere"), permissions=["change"])
    def end_logins(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Log the selected users out everywhere."""
        for user in queryset:
            try:
                ended = account_administration.end_logins(actor=signed_in(request), user=user)
            except AccountError as error:
                self.message_user(request, f"{user}: {error.detail}", messages.ERROR)
                continue
            self.message_user(request, ngettext("%d login ended.", "%d logins ended.", ended) % ended)

    @admin.action(description=gettext_lazy("Email a password reset link"), permissions=["change"])
    def mail_reset_link(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Email a password reset link to the selected users."""
        for user in queryset:
            try:
                passwords.request_reset(email=user.email)
            except DomainError as error:
                self.message_user(request, f"{user}: {error.detail}", messages.ERROR)
                continue
            record(actor=request.user, action="accounts.reset_link_mailed", target=user)
        self.message_user(request, _("Password reset links sent."))

    @admin.action(description=gettext_lazy("Reset two-factor authentication"), permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Turn off the second factor of the selected users, who lost it."""
        for user in queryset:
            try:
                account_administration.reset_second_factor(actor=signed_in(request), user=user)
            except AccountError as error:
                self.message_user(request, f"{user}: {error.detail}", messages.ERROR)
                continue
            self.message_user(request, _("Two-factor authentication of %(user)s was reset.") % {"user": user})

    def get_urls(self) -> list[URLPattern]:
        """Add the impersonation page."""
        name = "accounts_user_impersonate"
        view = self.admin_site.admin_view(self.impersonate)
        return [path("<uuid:user_id>/impersonate/", view, name=name), *super().get_urls()]

    def impersonate(self, request: HttpRequest, user_id: Any) -> HttpResponse:
        """Ask for a reason; on POST, start the impersonation (quality row M01)."""
        user = User.objects.filter(pk=user_id).first()
        if user is None:
            raise Http404
        refused = impersonation.get_denial_reason(actor=request.user, user=user)
        if refused:
            raise PermissionDenied(refused)
        form = ImpersonationForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            life = impersonation.BROWSER_LIFETIME
            login = impersonation.start(actor=signed_in(request), user=user, life=life, **form.cleaned_data)
            request.session[impersonation.SESSION_KEY] = str(login.pk)
            return redirect("enrollments:dashboard")
        title = _("Log in as %(name)s") % {"name": user}
        context = {**self.admin_site.each_context(request), "title": title, "person": user, "form": form}
        return TemplateResponse(request, "admin/accounts/user/impersonate.html", {**context, "opts": self.opts})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add the impersonation link where the user may impersonate this account."""
        user = kwargs.get("obj")
        if user is not None and not impersonation.get_denial_reason(actor=request.user, user=user):
            context["impersonate_url"] = reverse("admin:accounts_user_impersonate", args=[user.pk])
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnlyAdmin):
    """Logins of all transports, impersonations included."""

    list_display = [
        "user", "kind", "actor", "created_at", "verified_at", "last_used_at", "ended_at", "ip_address",
    ]  # fmt: skip
    list_filter = ["kind", ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "actor"]
    search_fields = ["user__email", "user__full_name"]
    exclude = ["session_key"]


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """Staff groups; only superusers change a group's permissions (quality row M04)."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request.user, Role.ADMIN)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the group and record its permissions in the audit log."""
        super().save_related(request, form, formsets, change)
        changes = {"permissions": sorted(account_administration.permissions_of(form.instance))}
        record(actor=request.user, action="accounts.group_changed", target=form.instance, changes=changes)
