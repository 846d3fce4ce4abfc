"""Enrolments and reviews in the admin."""

from django.contrib import admin

from enrollments.models import Enrollment, Review
from lms.platform.admin import ReadOnlyAdmin


@admin.register(Enrollment)
class EnrollmentAdmin(ReadOnlyAdmin):
    """Who is in which course."""

    list_display = ["user", "course", "source", "enrolled_at", "completed_at", "is_active"]
    list_filter = ["is_active", "source"]
    list_select_related = ["user", "course"]
    search_fields = ["user__email", "course__title"]


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """What students say."""

    list_display = ["course", "user", "rating", "created_at"]
    list_filter = ["rating"]
    list_select_related = ["user", "course"]
    search_fields = ["course__title", "comment"]
