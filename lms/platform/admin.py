"""The platform's rows in the admin: settings to change, history to read, failed jobs to repeat."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lms.lib.errors import DomainError
from lms.lib.spreadsheets import csv_response
from lms.platform import accents, branding, jobs
from lms.platform.audit import record
from lms.platform.models import Accent, AuditEntry, DeferredTask, FailedTask, SiteSettings

MOST_EXPORTED = 100_000


class ReadOnlyAdmin(admin.ModelAdmin):
    """History: nobody adds, changes or deletes it here."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: it is written by the acts themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what happened, happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what happened, happened."""
        return False


class AppFilter(admin.SimpleListFilter):
    """The audit log by the app that an action belongs to: actions themselves are too many for a list."""

    title = gettext_lazy("part of the site")
    parameter_name = "app"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the apps that write into the log."""
        return [(name, name.capitalize()) for name in AUDITED_APPS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Return the entries of the chosen app."""
        return queryset.filter(action__startswith=f"{self.value()}.") if self.value() else queryset


AUDITED_APPS = (
    "accounts", "assignments", "certificates", "courses", "enrollments", "files", "instructors", "payments",
    "platform", "quizzes", "realtime",
)  # fmt: skip


class ImpersonatedFilter(admin.SimpleListFilter):
    """What staff did in somebody's name."""

    title = gettext_lazy("in whose name")
    parameter_name = "acting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the one choice."""
        return [("yes", _("concerns somebody else"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Return the entries that name a subject."""
        return queryset.filter(subject__isnull=False) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The audit log, newest first: to read, to filter, to take along."""

    list_display = ["created_at", "actor", "subject", "action", "target", "ip_address"]
    list_filter = [AppFilter, ImpersonatedFilter, "created_at"]
    list_select_related = ["actor", "subject"]
    search_fields = ["=action", "=target_id", "=request_id", "=ip_address"]
    search_help_text = gettext_lazy("An action, an id, a request's id or a network address, whole")
    date_hierarchy = "created_at"
    fields = [
        "created_at", "actor", "subject", "action", "target_type", "target_id", "shown_changes", "ip_address",
        "request_id", "digest",
    ]  # fmt: skip
    change_list_template = "admin/platform/auditentry/change_list.html"

    @admin.display(description=gettext_lazy("target"))
    def target(self, entry: AuditEntry) -> str:
        """Return what it was done to, as short as a list wants it."""
        kind = entry.target_type.rpartition(".")[2]
        return f"{kind} {entry.target_id.partition('-')[0]}".strip() or "-"

    @admin.display(description=gettext_lazy("changes"))
    def shown_changes(self, entry: AuditEntry) -> str:
        """Return the changes, before and after, as they can be read."""
        return format_html("<pre>{}</pre>", json.dumps(entry.changes, indent=2, ensure_ascii=False))

    def get_urls(self) -> list[URLPattern]:
        """Add the table to take along."""
        export = path("export.csv", self.admin_site.admin_view(self.export_csv), name="platform_auditentry_export")
        return [export, *super().get_urls()]

    def export_csv(self, request: HttpRequest) -> StreamingHttpResponse:
        """The entries that the filters leave, newest first, as CSV; that it was taken along is an entry, too."""
        found = self.get_changelist_instance(request).get_queryset(request)
        record(actor=request.user, action="platform.audit_log_exported", changes={"filters": request.GET.dict()})
        return csv_response(_rows(found[:MOST_EXPORTED]), "audit-log.csv")


def _rows(entries: QuerySet[AuditEntry]) -> Iterator[list[Any]]:
    """Yield the table of the audit log, its heading first."""
    yield ["id", "at", "actor", "subject", "action", "target", "id of the target", "changes", "address", "request"]
    for entry in entries.iterator(chunk_size=1_000):
        people = [person.email if person is not None else "" for person in (entry.actor, entry.subject)]
        said = json.dumps(entry.changes, ensure_ascii=False)
        yield [entry.pk, entry.created_at.isoformat(), *people, entry.action, entry.target_type, entry.target_id, said,
               entry.ip_address or "", entry.request_id]  # fmt: skip


@admin.register(DeferredTask)
class DeferredTaskAdmin(ReadOnlyAdmin):
    """The outbox: empty while the broker answers."""

    list_display = ["name", "created_at", "tries", "next_try_at", "last_error"]
    search_fields = ["name"]


@admin.register(FailedTask)
class FailedTaskAdmin(ReadOnlyAdmin):
    """Jobs that failed: with their error, to repeat or to put aside."""

    list_display = ["failed_at", "name", "args", "error", "request_id", "settled_at"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter), "name"]
    search_fields = ["name", "error", "=request_id"]
    actions = ["repeat", "put_aside"]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """Return whether this person may decide what becomes of a failed job."""
        return bool(request.user.has_perm("platform.change_failedtask"))

    @admin.action(description=gettext_lazy("Repeat"), permissions=["settle"])
    def repeat(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> None:
        """Queue the chosen jobs again."""
        self._each(request, queryset, jobs.repeat)

    @admin.action(description=gettext_lazy("Put aside"), permissions=["settle"])
    def put_aside(self, request: HttpRequest, queryset: QuerySet[FailedTask]) -> None:
        """Note that nobody need repeat the chosen jobs."""
        self._each(request, queryset, jobs.put_aside)

    def _each(self, request: HttpRequest, queryset: QuerySet[FailedTask], act: Any) -> None:
        done = 0
        for failed in queryset:
            try:
                act(actor=request.user, failed=failed)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{failed}: {error.detail}", messages.ERROR)
        if done:
            self.message_user(request, ngettext("%d job done.", "%d jobs done.", done) % done)


class SiteSettingsForm(forms.ModelForm[SiteSettings]):
    """The settings, with room for a new logo."""

    logo = forms.ImageField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("A picture, at least 32 pixels high; it is shown 32 pixels high beside the name."),
    )
    without_logo = forms.BooleanField(label=gettext_lazy("Take the logo away"), required=False)

    class Meta:
        model = SiteSettings
        fields = "__all__"  # noqa: DJ007  # the row is all settings, and only administrators see it

    def clean_logo(self) -> bytes | None:
        """Return the picture drawn anew as PNG; refuse what is none, or too large to be a logo."""
        given = self.cleaned_data["logo"]
        if not given:
            return None
        if given.size > branding.LARGEST_UPLOAD:
            raise forms.ValidationError(_("Use a picture of at most 2 MB."), code="too_large")
        try:
            return branding.drawn_anew(given)
        except ValueError as error:
            raise forms.ValidationError(_("This picture has too many pixels."), code="too_large") from error

    def clean(self) -> dict[str, Any]:
        """Ask for the colour where the accent is one of the site's own."""
        given = super().clean() or self.cleaned_data
        if given.get("accent") == Accent.OWN and not given.get("accent_colour") and "accent_colour" not in self.errors:
            self.add_error("accent_colour", forms.ValidationError(_("Say which colour it is."), code="required"))
        return given


def how_it_is_used(colour: str) -> str:
    """Return what became of the site's own colour, in a sentence; empty where it is used as it is."""
    pair = accents.derived(colour)
    light, dark = pair.light.brand, pair.dark.brand
    if light == dark == colour:
        return ""
    said = {"colour": colour, "light": light, "dark": dark}
    if light == colour:
        return (
            _("On light pages %(colour)s is used as it is; on dark ones, where it would be too dark, %(dark)s.") % said
        )
    if dark == colour:
        return (
            _("On dark pages %(colour)s is used as it is; on light ones, where it would be too light, %(light)s.")
            % said
        )
    return _("%(colour)s could be read on neither: light pages use %(light)s, dark ones %(dark)s.") % said


@admin.register(SiteSettings)
class SiteSettingsAdmin(admin.ModelAdmin):
    """The one row of settings."""

    form = SiteSettingsForm
    fieldsets = [
        (None, {"fields": ["name", "tagline", "headline", "introduction", "contact_email"]}),
        (gettext_lazy("How it looks"), {"fields": ["accent", "accent_colour", "logo", "without_logo"]}),
        (gettext_lazy("Who may come in"), {"fields": ["registration_open"]}),
        (
            gettext_lazy("Certificates and money"),
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
        """Return whether the row is still missing."""
        return super().has_add_permission(request) and not SiteSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a site has settings."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Go on to the one row: there is nothing to choose from."""
        row = SiteSettings.objects.first()
        if row is None or not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        return redirect("admin:platform_sitesettings_change", row.pk)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, say so in the audit log with before and after, and let every process read the new row."""
        before = SiteSettings.objects.filter(pk=obj.pk).first()
        obj.logo_version = branding.kept_logo(
            obj.logo_version, new=form.cleaned_data.get("logo"), away=form.cleaned_data.get("without_logo", False)
        )
        super().save_model(request, obj, form, change)
        changed = [name for name in (*form.changed_data, "logo_version") if name not in ("logo", "without_logo")]
        changes = {name: [str(getattr(before, name, "")), str(getattr(obj, name))] for name in changed}
        record(actor=request.user, action="platform.settings_changed", target=obj, changes=changes)
        transaction.on_commit(partial(cache.delete, SiteSettings.CACHE_KEY))
        self.message_user(request, format_html('<a href="{}">{}</a>', reverse("home"), _("See the home page")))
        if obj.accent == Accent.OWN and {"accent", "accent_colour"} & set(changed):
            told = how_it_is_used(obj.accent_colour)
            if told:
                self.message_user(request, told, messages.INFO)
