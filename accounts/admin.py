"""People in the admin: found, let in or not, put into groups of the staff, and seen through their own eyes."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
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

from accounts import impersonation, passwords, services, staffing
from accounts.errors import AccountError
from accounts.models import LoginSession, Role, User, has_role
from accounts.permissions import signed_in
from lms.lib.errors import DomainError
from lms.platform.admin import ReadOnlyAdmin
from lms.platform.audit import record

# Who could read these could sign in as anybody: their secrets are the second factors themselves (QUALITY M04).
for opens_logins in (TOTPDevice, StaticDevice, EmailDevice, OutstandingToken, BlacklistedToken):
    if admin.site.is_registered(opens_logins):
        admin.site.unregister(opens_logins)


class UserCreationForm(AdminUserCreationForm):
    """A new user, by address."""

    class Meta:
        model = User
        fields = ("email", "full_name", "role")


class ReasonForm(forms.Form):
    """Why somebody logs in as somebody else."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=300,
        help_text=gettext_lazy("A ticket's number, or what was asked. The person reads it on their security page."),
    )


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """People: search, filter, role, groups, lock; log in as."""

    add_form = UserCreationForm
    ordering = ["-created_at"]
    list_display = ["email", "full_name", "role", "is_active", "mfa_enabled", "last_login"]
    list_filter = ["role", "is_active", "is_staff", "mfa_enabled", "groups"]
    search_fields = ["email", "full_name"]
    search_help_text = gettext_lazy("Part of a name or an address")
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    actions = ["switch_off", "switch_on", "end_logins", "mail_reset_link"]
    filter_horizontal = ["groups", "user_permissions"]
    readonly_fields = ["last_login", "created_at", "email_verified_at", "mfa_enabled", "is_staff", "is_superuser"]
    fieldsets = [
        (None, {"fields": ["email", "full_name", "role", "time_zone", "language"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("History"), {"fields": ["created_at", "last_login", "email_verified_at", "mfa_enabled"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "full_name", "role", "password1", "password2"]})]
    change_form_template = "admin/accounts/user/change_form.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this person may change accounts, or this one: colleagues above are only looked at."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not staffing.is_out_of_reach(actor=request.user, user=obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether this person may make accounts: administrators, for a new one has a role."""
        return super().has_add_permission(request) and has_role(request.user, Role.ADMIN)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: people leave by the API's DELETE, which keeps what others rely on (QUALITY U03)."""
        return False

    # Who may do everything is for the command line to say, not for whoever borrows an admin's browser (QUALITY M04).
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what this person does not change here: nobody raises themselves, and only administrators give roles
        and groups, or take an address over."""
        fields = [*super().get_readonly_fields(request, obj)]
        user: Any = request.user
        if obj is None:
            return fields
        if not user.is_superuser or obj.pk == user.pk:
            fields.append("user_permissions")
        if not has_role(user, Role.ADMIN):
            fields += ["email", "role", "groups"]
        elif obj.pk == user.pk:
            fields.append("groups")
        return fields

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make an account; or change one: role and activity by the service, which ends logins and keeps the last admin
        (QUALITY A02, U06)."""
        if not change:
            obj.is_staff = obj.role == Role.ADMIN
            super().save_model(request, obj, form, change)
            record(actor=request.user, action="accounts.made_by_staff", target=obj, changes={"role": obj.role})
            return
        role, is_active = obj.role, obj.is_active
        before = User.objects.get(pk=obj.pk)
        obj.role, obj.is_active = before.role, before.is_active
        if "email" in form.changed_data:
            obj.email_verified_at = None
        super().save_model(request, obj, form, change)
        plain = [name for name in form.changed_data if name not in ("role", "is_active", "groups", "user_permissions")]
        if plain:
            record(actor=request.user, action="accounts.changed_by_staff", target=obj, changes={"fields": plain})
        try:
            services.change_access(actor=request.user, user=obj, role=role, is_active=is_active)
        except AccountError as error:
            messages.error(request, str(error.detail))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Put the person into the chosen groups by the service; permissions of their own stand in the audit log."""
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
            staffing.set_groups(actor=signed_in(request), user=form.instance, groups=groups)
        except AccountError as error:
            messages.error(request, str(error.detail))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Answer 403: nobody types another person's password. `mail_reset_link` lets them choose one themselves."""
        raise PermissionDenied(_("Mail the person a link: nobody types another's password."))

    @admin.action(description=gettext_lazy("Switch off, and end every login"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let the chosen people in no more."""
        self._each(request, queryset, is_active=False)

    @admin.action(description=gettext_lazy("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let the chosen people in again."""
        self._each(request, queryset, is_active=True)

    def _each(self, request: HttpRequest, queryset: QuerySet[User], **changes: Any) -> None:
        done = 0
        for user in queryset:
            try:
                staffing.change_user(actor=signed_in(request), user=user, changes=changes)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{user}: {error.detail}", messages.ERROR)
        if done:
            self.message_user(request, ngettext("%d account changed.", "%d accounts changed.", done) % done)

    @admin.action(description=gettext_lazy("End every login"), permissions=["change"])
    def end_logins(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Log the chosen people out everywhere."""
        for user in queryset:
            if staffing.is_out_of_reach(actor=request.user, user=user):
                self.message_user(request, f"{user}: {_('This account is out of your reach.')}", messages.ERROR)
                continue
            with transaction.atomic():
                ended = LoginSession.objects.of(user).end()
                record(actor=request.user, action="accounts.logins_ended", target=user, changes={"ended": ended})
            self.message_user(request, ngettext("%d login ended.", "%d logins ended.", ended) % ended)

    @admin.action(description=gettext_lazy("Mail a link to set a new password"), permissions=["change"])
    def mail_reset_link(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Have the chosen people mailed the link that they could ask for themselves."""
        for user in queryset:
            try:
                passwords.ask_for_reset(email=user.email)
            except DomainError as error:
                self.message_user(request, f"{user}: {error.detail}", messages.ERROR)
                continue
            record(actor=request.user, action="accounts.reset_link_mailed", target=user)
        self.message_user(request, _("The links are on their way."))

    def get_urls(self) -> list[URLPattern]:
        """Add where staff log in as somebody."""
        name = "accounts_user_impersonate"
        view = self.admin_site.admin_view(self.impersonate)
        return [path("<uuid:user_id>/impersonate/", view, name=name), *super().get_urls()]

    def impersonate(self, request: HttpRequest, user_id: Any) -> HttpResponse:
        """Ask why; on POST, go on in the person's name (QUALITY M01)."""
        user = User.objects.filter(pk=user_id).first()
        if user is None:
            raise Http404
        refused = impersonation.why_not(actor=request.user, user=user)
        if refused:
            raise PermissionDenied(refused)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            life = impersonation.IN_BROWSER
            login = impersonation.begin(actor=signed_in(request), user=user, life=life, **form.cleaned_data)
            request.session[impersonation.KEY] = str(login.pk)
            return redirect("enrollments:dashboard")
        title = _("Log in as %(name)s") % {"name": user}
        context = {**self.admin_site.each_context(request), "title": title, "person": user, "form": form}
        return TemplateResponse(request, "admin/accounts/user/impersonate.html", {**context, "opts": self.opts})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add the way to log in as the person, where that may be."""
        user = kwargs.get("obj")
        if user is not None and not impersonation.why_not(actor=request.user, user=user):
            context["impersonate_url"] = reverse("admin:accounts_user_impersonate", args=[user.pk])
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnlyAdmin):
    """Logins by every door, and who acted in whose name."""

    list_display = ["user", "kind", "actor", "created_at", "last_used_at", "ended_at", "ip_address", "user_agent"]
    list_filter = ["kind", ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "actor"]
    search_fields = ["user__email", "user__full_name"]
    exclude = ["session_key"]


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """The groups of the staff; only superusers change what a group may do (QUALITY M04)."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this is an administrator."""
        return has_role(request.user, Role.ADMIN)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether this is a superuser."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this is a superuser."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this is a superuser."""
        return bool(request.user.is_superuser)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save, and say so in the audit log."""
        super().save_related(request, form, formsets, change)
        changes = {"permissions": sorted(staffing.permissions_of(form.instance))}
        record(actor=request.user, action="accounts.group_changed", target=form.instance, changes=changes)
