"""Admin of categories, tags, courses and lessons."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.models import User
from accounts.permissions import signed_in
from core.admin import SingleDeletionAdmin
from core.audit.entries import record
from courses.forms import make_outcomes_field
from courses.models import Category, Course, Lesson, Tag
from courses.ownership import require_instructor, transfer_course
from courses.public_cache import bump_catalog_version


class CatalogAdmin(SingleDeletionAdmin):
    """Admin of models that appear on public pages: changes are audited and invalidate the public cache."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the object, record the change in the audit log and invalidate the public cache."""
        super().save_model(request, obj, form, change)
        changes = {"fields": form.changed_data}
        record(actor=request.user, action="courses.changed_by_staff", target=obj, changes=changes)
        bump_catalog_version()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the object, record the deletion in the audit log and invalidate the public cache."""
        record(actor=request.user, action="courses.deleted_by_staff", target=obj, changes={"name": str(obj)})
        super().delete_model(request, obj)
        bump_catalog_version()


@admin.register(Category)
class CategoryAdmin(CatalogAdmin):
    """Admin of categories, which the UI calls subjects."""

    list_display = ["name", "slug", "order"]
    list_editable = ["order"]
    prepopulated_fields = {"slug": ["name"]}
    search_fields = ["name"]


@admin.register(Tag)
class TagAdmin(CatalogAdmin):
    """Admin of tags."""

    search_fields = ["name"]


class CourseAdminForm(forms.ModelForm[Course]):
    """Form of a course in the admin, with one learning outcome per line."""

    outcomes = make_outcomes_field()

    def clean_instructor(self) -> User:
        """Accept users who may own a course."""
        chosen: User = self.cleaned_data["instructor"]
        if chosen.pk != self.instance.instructor_id:
            require_instructor(chosen)
        return chosen


@admin.register(Course)
class CourseAdmin(CatalogAdmin):
    """Admin of courses, for search and corrections. Publishing and counters are left to the services."""

    form = CourseAdminForm
    list_display = ["title", "instructor", "category", "is_published", "lessons_count", "enrollments_count"]
    list_filter = ["is_published", "category", "level"]
    list_select_related = ["instructor", "category"]
    search_fields = ["title", "instructor__full_name"]
    autocomplete_fields = ["instructor", "category", "tags"]
    readonly_fields = ["is_published", "lessons_count", "duration_minutes", "enrollments_count", "ratings_count"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: only the services assign the slug and the first section."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the course as a new version, so that the unsaved changes of an instructor get an edit conflict.

        A new instructor is set as pages and API do it.
        """
        new_owner, former_id = obj.instructor, form.initial["instructor"]
        obj.instructor_id = former_id
        obj.version += 1
        super().save_model(request, obj, form, change)
        transfer_course(actor=signed_in(request), course=obj, to=new_owner)


@admin.register(Lesson)
class LessonAdmin(admin.ModelAdmin):
    """Read-only admin of lessons."""

    list_display = ["title", "course", "order", "is_published", "is_preview"]
    list_select_related = ["course"]
    search_fields = ["title", "course__title"]

    def has_add_permission(self, request: object) -> bool:
        """Return False: only the services maintain order and counters."""
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        """Return False: only the services render `content_html`."""
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        """Return False: only the services maintain order and counters."""
        return False
