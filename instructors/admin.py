"""Instructor profiles in the admin."""

from django.contrib import admin

from instructors.models import Instructor


@admin.register(Instructor)
class InstructorAdmin(admin.ModelAdmin):
    """Public profiles."""

    list_display = ["user", "title", "updated_at"]
    list_select_related = ["user"]
    search_fields = ["user__full_name", "user__email"]
    autocomplete_fields = ["user"]
