"""Enrolments and reviews in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.permissions import signed_in
from enrollments import reviewing, services
from enrollments.models import Enrollment, EnrollmentEvent, Review, ReviewReport
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


@admin.register(ReviewReport)
class ReviewReportAdmin(ReadOnlyAdmin):
    """Reviews that somebody thinks staff should look at; open ones first."""

    list_display = ["review", "comment", "reason", "user", "created_at", "settled_at"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["review__course", "user"]
    actions = ["delete_reviews", "settle"]

    @admin.display(description=_("review"))
    def comment(self, report: ReviewReport) -> str:
        """Return the review's words."""
        return report.review.comment

    @admin.action(description=_("Delete the reviews"), permissions=["view"])
    def delete_reviews(self, request: HttpRequest, reports: QuerySet[ReviewReport]) -> None:
        """Delete what was reported; the course's stars follow."""
        for report in reports.select_related("review"):
            services.delete_review(actor=signed_in(request), review=report.review)

    @admin.action(description=_("Nothing wrong with them"), permissions=["view"])
    def settle(self, request: HttpRequest, reports: QuerySet[ReviewReport]) -> None:
        """Put the reports aside."""
        for report in reports.select_related("review"):
            reviewing.settle_report(actor=signed_in(request), report=report)
