"""Enrolments and reviews in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from enrollments.models import Enrollment, EnrollmentEvent, Review
from lms.platform.admin import ReadOnlyAdmin


class HistoryInline(admin.TabularInline):
    """What happened to the enrolment, and who did it."""

    model = EnrollmentEvent
    fields = ["created_at", "kind", "actor", "reason"]
    readonly_fields = ["created_at", "kind", "actor", "reason"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: the services append."""
        return False


@admin.register(Enrollment)
class EnrollmentAdmin(ReadOnlyAdmin):
    """Who is in which course."""

    list_display = ["user", "course", "source", "enrolled_at", "completed_at", "is_active"]
    list_filter = ["is_active", "source"]
    list_select_related = ["user", "course"]
    search_fields = ["user__email", "course__title"]
    inlines = [HistoryInline]


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """What students say."""

    list_display = ["course", "user", "rating", "created_at"]
    list_filter = ["rating"]
    list_select_related = ["user", "course"]
    search_fields = ["course__title", "comment"]
