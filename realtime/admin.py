"""Notifications in the admin, to answer "was I told?"."""

from django.contrib import admin

from lms.platform.admin import ReadOnlyAdmin
from realtime.models import Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """What users were told."""

    list_display = ["user", "number", "event", "created_at", "read_at"]
    list_filter = ["event"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
