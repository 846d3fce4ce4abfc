"""Courses in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from courses.forms import outcomes_field
from courses.models import Category, Course, Lesson, Tag
from courses.stamp import catalogue_changed
from lms.platform.audit import record


class CatalogueAdmin(admin.ModelAdmin):
    """Rows that visitors see something of: a change is in the audit log, and on the pages at once."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, say so in the audit log, and let visitors' pages be made anew."""
        super().save_model(request, obj, form, change)
        changes = {"fields": form.changed_data}
        record(actor=request.user, action="courses.changed_by_staff", target=obj, changes=changes)
        catalogue_changed()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete, say so in the audit log, and let visitors' pages be made anew."""
        record(actor=request.user, action="courses.deleted_by_staff", target=obj, changes={"name": str(obj)})
        super().delete_model(request, obj)
        catalogue_changed()


@admin.register(Category)
class CategoryAdmin(CatalogueAdmin):
    """The subjects of the catalogue."""

    list_display = ["name", "slug", "order"]
    list_editable = ["order"]
    prepopulated_fields = {"slug": ["name"]}
    search_fields = ["name"]


@admin.register(Tag)
class TagAdmin(CatalogueAdmin):
    """The words that authors give courses."""

    search_fields = ["name"]


class CourseAdminForm(forms.ModelForm[Course]):
    """A course as staff correct it."""

    outcomes = outcomes_field()


@admin.register(Course)
class CourseAdmin(CatalogueAdmin):
    """Courses: to find and to look at. Writing happens in the editor, where the services keep the rules."""

    form = CourseAdminForm
    list_display = ["title", "instructor", "category", "is_published", "lessons_count", "enrollments_count"]
    list_filter = ["is_published", "category", "level"]
    list_select_related = ["instructor", "category"]
    search_fields = ["title", "instructor__full_name"]
    autocomplete_fields = ["instructor", "category", "tags"]
    readonly_fields = ["is_published", "lessons_count", "duration_minutes", "enrollments_count", "ratings_count"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save as a new version, so that an author who is writing is told."""
        obj.version += 1
        super().save_model(request, obj, form, change)


@admin.register(Lesson)
class LessonAdmin(admin.ModelAdmin):
    """Lessons, read-only."""

    list_display = ["title", "course", "order", "is_published", "is_preview"]
    list_select_related = ["course"]
    search_fields = ["title", "course__title"]

    def has_add_permission(self, request: object) -> bool:
        """Return False: the editor keeps order and counters."""
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        """Return False: the editor keeps the rendered text."""
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        """Return False: the editor keeps order and counters."""
        return False
