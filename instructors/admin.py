"""Admin of instructor profiles."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from core.admin import SingleDeletionAdmin
from core.audit.entries import record
from instructors.forms import expertise_field
from instructors.models import Instructor


class InstructorAdminForm(forms.ModelForm[Instructor]):
    """Profile form with the expertise as comma-separated text."""

    expertise = expertise_field()


@admin.register(Instructor)
class InstructorAdmin(SingleDeletionAdmin):
    """Admin of instructor profiles. Changes and deletions are recorded in the audit log."""

    form = InstructorAdminForm
    list_display = ["user", "title", "updated_at"]
    list_select_related = ["user"]
    search_fields = ["user__full_name", "user__email"]
    autocomplete_fields = ["user"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the profile and record it in the audit log."""
        super().save_model(request, obj, form, change)
        changes = {"fields": form.changed_data}
        record(actor=request.user, action="instructors.changed_by_staff", target=obj, changes=changes)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the profile and record it in the audit log. The user account remains."""
        record(actor=request.user, action="instructors.deleted_by_staff", target=obj, changes={"name": str(obj)})
        super().delete_model(request, obj)
