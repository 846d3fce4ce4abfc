"""Read-only admin of assignments and submissions. Grades are changed on the grading page, with a reason."""

from django.contrib import admin

from assignments.models import Assignment, GradeChange, Submission
from core.admin import ReadOnlyAdmin


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    """Read-only admin of assignments."""

    list_display = ["title", "course", "due_at", "points_possible", "is_required", "is_published"]
    list_filter = ["is_published", "is_required"]
    search_fields = ["title", "course__title"]
    list_select_related = ["course"]


class GradeChangeInline(admin.TabularInline[GradeChange, Submission]):
    """The grading history of a submission."""

    model = GradeChange
    extra = 0
    can_delete = False
    readonly_fields = ["raw_grade", "penalty_points", "feedback", "reason", "graded_by", "created_at"]


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """Read-only admin of submissions."""

    list_display = ["assignment", "user", "attempt", "submitted_at", "days_late", "grade", "released_at"]
    search_fields = ["user__email", "assignment__title"]
    list_select_related = ["assignment", "user"]
    inlines = [GradeChangeInline]
