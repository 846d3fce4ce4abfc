"""Assignments and submissions in the admin: to look at; grades change on their own page, with a reason."""

from django.contrib import admin

from assignments.models import Assignment, GradeChange, Submission
from lms.platform.admin import ReadOnlyAdmin


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    """Every assignment."""

    list_display = ["title", "course", "due_at", "points_possible", "is_required", "is_published"]
    list_filter = ["is_published", "is_required"]
    search_fields = ["title", "course__title"]
    list_select_related = ["course"]


class GradeChangeInline(admin.TabularInline[GradeChange, Submission]):
    """The history of a submission's grade."""

    model = GradeChange
    extra = 0
    can_delete = False
    readonly_fields = ["raw_grade", "penalty_points", "feedback", "reason", "graded_by", "created_at"]


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """Every version of everybody's work."""

    list_display = ["assignment", "user", "attempt", "submitted_at", "days_late", "grade", "released_at"]
    search_fields = ["user__email", "assignment__title"]
    list_select_related = ["assignment", "user"]
    inlines = [GradeChangeInline]
