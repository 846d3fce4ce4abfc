"""Admin of the kernel's models: site settings, audit log, deferred and failed jobs."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.cache import cache
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.audit.entries import record
from core.http.errors import DomainError
from core.http.fields import EmailFormField
from core.jobs import job
from core.models import Accent, AuditEntry, DeferredTask, FailedTask, SiteSettings
from core.site import logo as site_logo
from core.site import theme
from core.text.csv_files import csv_response

MAX_EXPORTED_ROWS = 100_000


class ReadOnlyAdmin(admin.ModelAdmin):
    """Base class for rows that cannot be added, changed or deleted in the admin."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_edit_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may run actions that change rows (`permissions=["edit"]`).

        `has_change_permission` is False here, because it also decides whether the form can be edited.
        """
        codename = get_permission_codename("change", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{codename}"))


class SingleDeletionAdmin(admin.ModelAdmin):
    """Base class for models whose deletion is recorded: the bulk action calls `delete_model` for each object."""

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete the selected objects one by one, as `delete_model` does."""
        for obj in queryset:
            self.delete_model(request, obj)


class AppFilter(admin.SimpleListFilter):
    """Filter of the audit log by app. A list of all actions would be too long."""

    title = gettext_lazy("app")
    parameter_name = "app"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in AUDITED_APPS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(action__startswith=f"{self.value()}.") if self.value() else queryset


AUDITED_APPS = (
    "accounts", "analytics", "assignments", "certificates", "courses", "enrollments", "files", "instructors",
    "payments", "platform", "quizzes", "realtime",
)  # fmt: skip


class ImpersonatedFilter(admin.SimpleListFilter):
    """Filter of the audit log for entries that affect another user, such as impersonations."""

    title = gettext_lazy("subject")
    parameter_name = "acting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("another user"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(subject__isnull=False) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Audit log, newest first, with filters and a CSV export."""

    list_display = ["created_at", "actor", "subject", "action", "target", "ip_address"]
    list_filter = [AppFilter, ImpersonatedFilter, "created_at"]
    list_select_related = ["actor", "subject"]
    search_fields = ["=action", "=target_id", "=request_id", "=ip_address"]
    search_help_text = gettext_lazy("Search by the full action, target ID, request ID or IP address.")
    date_hierarchy = "created_at"
    fields = [
        "created_at", "actor", "subject", "action", "target_type", "target_id", "formatted_changes", "ip_address",
        "request_id", "digest",
    ]  # fmt: skip
    change_list_template = "admin/platform/auditentry/change_list.html"

    @admin.display(description=gettext_lazy("target"))
    def target(self, entry: AuditEntry) -> str:
        """Return the model and the first part of the id of the target."""
        model_name = entry.target_type.rpartition(".")[2]
        return f"{model_name} {entry.target_id.partition('-')[0]}".strip() or "-"

    @admin.display(description=gettext_lazy("changes"))
    def formatted_changes(self, entry: AuditEntry) -> str:
        """Return the changes as indented JSON."""
        return format_html("<pre>{}</pre>", json.dumps(entry.changes, indent=2, ensure_ascii=False))

    def get_urls(self) -> list[URLPattern]:
        export = path("export.csv", self.admin_site.admin_view(self.export_csv), name="platform_auditentry_export")
        return [export, *super().get_urls()]

    def export_csv(self, request: HttpRequest) -> StreamingHttpResponse:
        """Export the filtered entries as CSV, newest first. The export is audited, too."""
        entries = self.get_changelist_instance(request).get_queryset(request)
        record(actor=request.user, action="platform.audit_log_exported", changes={"filters": request.GET.dict()})
        return csv_response(_csv_rows(entries[:MAX_EXPORTED_ROWS]), "audit-log.csv")


def _csv_rows(entries: QuerySet[AuditEntry]) -> Iterator[list[Any]]:
    """Yield the header and the rows of the exported audit log."""
    yield ["id", "at", "actor", "subject", "action", "target", "id of the target", "changes", "address", "request"]
    for entry in entries.iterator(chunk_size=1_000):
        people = [person.email if person is not None else "" for person in (entry.actor, entry.subject)]
        changes = json.dumps(entry.changes, ensure_ascii=False)
        yield [entry.pk, entry.created_at.isoformat(), *people, entry.action, entry.target_type, entry.target_id,
               changes, entry.ip_address or "", entry.request_id]  # fmt: skip


@admin.register(DeferredTask)
class DeferredTaskAdmin(ReadOnlyAdmin):
    """Outbox of jobs that the broker refused; empty while the broker is available."""

    list_display = ["name", "created_at", "tries", "next_try_at", "last_error"]
    search_fields = ["name"]


@admin.register(FailedTask)
class FailedTaskAdmin(ReadOnlyAdmin):
    """Failed jobs with their error, and the actions to retry or dismiss them."""

    list_display = ["failed_at", "name", "args", "error", "request_id", "settled_at"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter), "name"]
    search_fields = ["name", "error", "=request_id"]
    actions = ["retry", "dismiss"]

    @admin.action(description=gettext_lazy("Retry"), permissions=["edit"])
    def retry(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> None:
        """Queue the selected jobs again."""
        done = self._apply(request, queryset, job.retry_job)
        if done:
            self.message_user(request, ngettext("%d job was queued again.", "%d jobs were queued again.", done) % done)

    @admin.action(description=gettext_lazy("Dismiss"), permissions=["edit"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> None:
        """Mark the selected jobs as resolved without running them again."""
        done = self._apply(request, queryset, job.dismiss_job)
        if done:
            self.message_user(request, ngettext("%d job was dismissed.", "%d jobs were dismissed.", done) % done)

    def _apply(self, request: HttpRequest, queryset: QuerySet[FailedTask], service: Callable[..., None]) -> int:
        """Call a service for each job, show its errors as messages, and return the number of successes."""
        done = 0
        for failed in queryset:
            try:
                service(actor=request.user, failed=failed)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{failed}: {error.detail}", messages.ERROR)
        return done


class SiteSettingsForm(forms.ModelForm[SiteSettings]):
    """Form of the site settings, with fields to upload or remove the logo."""

    logo = forms.ImageField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("An image, at least 32 pixels high. It is displayed 32 pixels high, next to the name."),
    )
    remove_logo = forms.BooleanField(label=gettext_lazy("Remove logo"), required=False)

    class Meta:
        model = SiteSettings
        fields = "__all__"  # noqa: DJ007  # the row is all settings, and only administrators see it

    def clean_logo(self) -> bytes | None:
        """Return the uploaded image re-encoded as PNG; reject images that are too large."""
        upload = self.cleaned_data["logo"]
        if not upload:
            return None
        if upload.size > site_logo.MAX_UPLOAD_BYTES:
            raise forms.ValidationError(_("Use an image of at most 2 MB."), code="too_large")
        try:
            return site_logo.convert_to_png(upload)
        except ValueError as error:
            raise forms.ValidationError(
                _("This image has too many pixels. Use a smaller one."), code="too_large"
            ) from error

    def clean(self) -> dict[str, Any]:
        """Require a color if the accent is a custom color."""
        data = super().clean() or self.cleaned_data
        if data.get("accent") == Accent.OWN and not data.get("accent_colour") and "accent_colour" not in self.errors:
            self.add_error("accent_colour", forms.ValidationError(_("Enter a color."), code="required"))
        return data


def describe_color_adjustment(color: str) -> str:
    """Return a sentence about how a custom color is adjusted for contrast; empty if it is used unchanged."""
    pair = theme.derive_pair(color)
    light, dark = pair.light.brand, pair.dark.brand
    if light == dark == color:
        return ""
    values = {"color": color, "light": light, "dark": dark}
    if light == color:
        return _("%(color)s is too dark for dark pages. They use %(dark)s instead.") % values
    if dark == color:
        return _("%(color)s is too light for light pages. They use %(light)s instead.") % values
    return (
        _("%(color)s is not readable on light or dark pages. Light pages use %(light)s, dark pages %(dark)s.") % values
    )


@admin.register(SiteSettings)
class SiteSettingsAdmin(admin.ModelAdmin):
    """The single row of site settings."""

    form = SiteSettingsForm
    formfield_overrides = {models.EmailField: {"form_class": EmailFormField}}
    fieldsets = [
        (None, {"fields": ["name", "tagline", "headline", "introduction", "contact_email"]}),
        (gettext_lazy("Appearance"), {"fields": ["accent", "accent_colour", "logo", "remove_logo"]}),
        (gettext_lazy("Registration"), {"fields": ["registration_open"]}),
        (
            gettext_lazy("Certificates and payments"),
            {
                "fields": [
                    "certificate_issuer", "currency", "seller_name", "seller_address", "tax_id", "tax_line",
                    "revoke_certificate_on_refund",
                ]
            },
        ),
        (gettext_lazy("Legal pages"), {"fields": ["imprint", "privacy", "terms"]}),
    ]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may add the row and it does not exist yet."""
        return super().has_add_permission(request) and not SiteSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the single row."""
        row = SiteSettings.objects.first()
        if row is None or not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        return redirect("admin:platform_sitesettings_change", row.pk)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save and audit the changes, and clear the cached settings after the commit."""
        before = SiteSettings.objects.filter(pk=obj.pk).first()
        obj.logo_version = site_logo.update_logo(
            obj.logo_version, new=form.cleaned_data.get("logo"), remove=form.cleaned_data.get("remove_logo", False)
        )
        super().save_model(request, obj, form, change)
        changed = [name for name in (*form.changed_data, "logo_version") if name not in ("logo", "remove_logo")]
        changes = {name: [str(getattr(before, name, "")), str(getattr(obj, name))] for name in changed}
        record(actor=request.user, action="platform.settings_changed", target=obj, changes=changes)
        transaction.on_commit(partial(cache.delete, SiteSettings.CACHE_KEY))
        self.message_user(request, format_html('<a href="{}">{}</a>', reverse("home"), _("View home page")))
        if obj.accent == Accent.OWN and {"accent", "accent_colour"} & set(changed):
            adjustment = describe_color_adjustment(obj.accent_colour)
            if adjustment:
                self.message_user(request, adjustment, messages.INFO)
