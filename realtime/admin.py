"""Notifications in the admin."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from realtime.models import Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """All notifications. Read-only, for support questions about what a user was notified of."""

    list_display = ["user", "number", "event", "created_at", "read_at"]
    list_filter = ["event"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
