"""The platform's rows in the admin: settings to change, history to read."""

from typing import Any

from django.contrib import admin
from django.core.cache import cache
from django.http import HttpRequest

from lms.platform.audit import record
from lms.platform.models import AuditEntry, DeferredTask, SiteSettings


class ReadOnlyAdmin(admin.ModelAdmin):
    """History: nobody adds, changes or deletes it here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: it is written by the acts themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what happened, happened."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what happened, happened."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The audit log, newest first."""

    list_display = ["created_at", "actor", "action", "target_type", "target_id", "ip_address"]
    list_filter = ["action"]
    list_select_related = ["actor", "subject"]
    search_fields = ["action", "target_id", "request_id"]
    date_hierarchy = "created_at"


@admin.register(DeferredTask)
class DeferredTaskAdmin(ReadOnlyAdmin):
    """The outbox: empty while the broker answers."""

    list_display = ["name", "created_at", "tries", "next_try_at", "last_error"]


@admin.register(SiteSettings)
class SiteSettingsAdmin(admin.ModelAdmin):
    """The one row of settings."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the row is still missing."""
        return not SiteSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: a site has settings."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, say so in the audit log, and let every process read the new row."""
        super().save_model(request, obj, form, change)
        record(
            actor=request.user, action="platform.settings_changed", target=obj, changes={"fields": form.changed_data}
        )
        cache.delete(SiteSettings.CACHE_KEY)
