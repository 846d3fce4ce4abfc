"""Admin of instructor profiles."""

from django import forms
from django.contrib import admin

from instructors.forms import expertise_field
from instructors.models import Instructor


class InstructorAdminForm(forms.ModelForm[Instructor]):
    """Profile form with the expertise as comma-separated text."""

    expertise = expertise_field()


@admin.register(Instructor)
class InstructorAdmin(admin.ModelAdmin):
    form = InstructorAdminForm
    list_display = ["user", "title", "updated_at"]
    list_select_related = ["user"]
    search_fields = ["user__full_name", "user__email"]
    autocomplete_fields = ["user"]
