"""Admin pages of enrollments and reviews."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.permissions import signed_in
from core.admin import ReadOnlyAdmin
from enrollments import join_links, reviews, services
from enrollments.models import Enrollment, EnrollmentEvent, JoinLink, Review, ReviewReport, RosterImport


class HistoryInline(admin.TabularInline):
    """Events of an enrollment."""

    model = EnrollmentEvent
    fields = ["created_at", "kind", "actor", "reason"]
    readonly_fields = ["created_at", "kind", "actor", "reason"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False; only services append events."""
        return False


@admin.register(Enrollment)
class EnrollmentAdmin(ReadOnlyAdmin):
    """Admin page of enrollments, read-only."""

    list_display = ["user", "course", "source", "enrolled_at", "completed_at", "is_active", "is_barred"]
    list_filter = ["is_active", "is_barred", "source"]
    list_select_related = ["user", "course"]
    search_fields = ["user__email", "course__title"]
    inlines = [HistoryInline]
    actions = ["readmit_students"]

    @admin.action(description=_("Readmit removed students"), permissions=["edit"])
    def readmit_students(self, request: HttpRequest, enrollments: QuerySet[Enrollment]) -> None:
        """Readmit the students among the selected enrollments who were removed from their courses."""
        for enrollment in enrollments.barred().select_related("course"):  # type: ignore[attr-defined]  # EnrollmentQuerySet
            services.readmit_student(actor=signed_in(request), enrollment=enrollment)


@admin.register(JoinLink)
class JoinLinkAdmin(ReadOnlyAdmin):
    """Admin page of join links, read-only. Keys are not shown."""

    list_display = ["course", "created_by", "created_at", "expires_at", "uses", "max_uses", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["course", "created_by"]
    search_fields = ["course__title", "created_by__email"]
    exclude = ["key"]
    actions = ["revoke_links"]

    @admin.action(description=_("Turn off join links"), permissions=["edit"])
    def revoke_links(self, request: HttpRequest, links: QuerySet[JoinLink]) -> None:
        """Turn off the selected join links."""
        for link in links.select_related("course"):
            join_links.revoke_join_link(actor=signed_in(request), link=link)


@admin.register(RosterImport)
class RosterImportAdmin(ReadOnlyAdmin):
    """Admin page of imports of students, read-only."""

    list_display = ["course", "created_by", "created_at", "enrolled_count", "invited_count", "undone_at"]
    list_select_related = ["course", "created_by"]
    search_fields = ["course__title", "created_by__email"]


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Admin page of reviews, read-only."""

    list_display = ["course", "user", "rating", "created_at"]
    list_filter = ["rating"]
    list_select_related = ["user", "course"]
    search_fields = ["course__title", "comment"]


@admin.register(ReviewReport)
class ReviewReportAdmin(ReadOnlyAdmin):
    """Admin page of reported reviews; open reports first."""

    list_display = ["review", "comment", "reason", "user", "created_at", "settled_at"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["review__course", "user"]
    actions = ["delete_reviews", "dismiss_reports"]

    @admin.display(description=_("review"))
    def comment(self, report: ReviewReport) -> str:
        """Return the comment of the reported review."""
        return report.review.comment

    @admin.action(description=_("Delete the reported reviews"), permissions=["edit"])
    def delete_reviews(self, request: HttpRequest, reports: QuerySet[ReviewReport]) -> None:
        """Delete the reported reviews and update the ratings of their courses."""
        for report in reports.select_related("review"):
            services.delete_review(actor=signed_in(request), review=report.review)

    @admin.action(description=_("Dismiss reports"), permissions=["edit"])
    def dismiss_reports(self, request: HttpRequest, reports: QuerySet[ReviewReport]) -> None:
        """Dismiss the reports; the reviews stay."""
        for report in reports.select_related("review"):
            reviews.dismiss_report(actor=signed_in(request), report=report)
