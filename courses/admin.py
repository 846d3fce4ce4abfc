"""Courses in the admin."""

from django.contrib import admin

from courses.models import Category, Course, Lesson, Tag


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    """The subjects of the catalogue."""

    list_display = ["name", "slug", "order"]
    list_editable = ["order"]
    prepopulated_fields = {"slug": ["name"]}
    search_fields = ["name"]


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """The words that authors give courses."""

    search_fields = ["name"]


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):
    """Courses: to find and to look at. Writing happens in the editor, where the services keep the rules."""

    list_display = ["title", "instructor", "category", "is_published", "lessons_count", "enrollments_count"]
    list_filter = ["is_published", "category", "level"]
    list_select_related = ["instructor", "category"]
    search_fields = ["title", "instructor__full_name"]
    autocomplete_fields = ["instructor", "category", "tags"]
    readonly_fields = ["is_published", "lessons_count", "duration_minutes", "enrollments_count", "ratings_count"]


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
