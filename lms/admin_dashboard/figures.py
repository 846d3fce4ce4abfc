"""Figures and attention items of the dashboard and of `/admin/stats`."""

import platform
from datetime import timedelta
from typing import Any, NamedTuple

import django
from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from assignments.models import Submission
from certificates.models import Certificate
from core.jobs import queues
from courses.models import Course
from enrollments.models import Enrollment, Review, ReviewReport
from files.models import File
from payments.models import Order

CACHE_SECONDS = 30
CACHE_KEY = "staff.counts"


def get_counts() -> dict[str, int]:
    """Return the number of rows of each kind, cached for 30 seconds. Eight queries, or none."""
    counts: dict[str, int] | None = cache.get(CACHE_KEY)
    if counts is None:
        counts = _count_rows()
        cache.set(CACHE_KEY, counts, CACHE_SECONDS)
    return counts


def _count_rows() -> dict[str, int]:
    month = timezone.now() - timedelta(days=30)
    people = User.objects.order_by().aggregate(
        users=Count("pk"),
        users_active=Count("pk", filter=Q(is_active=True)),
        users_seen_in_30_days=Count("pk", filter=Q(last_login__gte=month)),
        students=Count("pk", filter=Q(role=Role.STUDENT)),
        instructors=Count("pk", filter=Q(role=Role.INSTRUCTOR)),
        admins=Count("pk", filter=Q(role=Role.ADMIN)),
    )
    courses = Course.objects.order_by().aggregate(
        courses=Count("pk"), courses_published=Count("pk", filter=Q(is_published=True))
    )
    enrollments = Enrollment.objects.order_by().aggregate(
        enrollments=Count("pk"),
        enrollments_in_30_days=Count("pk", filter=Q(enrolled_at__gte=month)),
        completions=Count("pk", filter=Q(completed_at__isnull=False)),
    )
    orders = Order.objects.order_by().aggregate(
        orders=Count("pk"), orders_completed=Count("pk", filter=Q(status="completed"))
    )
    stored = File.objects.order_by().aggregate(files=Count("pk"), file_bytes=Sum("file_size", default=0))
    return {
        **people,
        **courses,
        **enrollments,
        **orders,
        **stored,
        "certificates": Certificate.objects.count(),
        "reviews": Review.objects.count(),
        "submissions": Submission.objects.count(),
    }


def get_versions() -> dict[str, str]:
    """Return the versions of Python, Django and the database."""
    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "database": f"{connection.vendor} {'.'.join(map(str, connection.get_database_version()))}",
    }


class AttentionItem(NamedTuple):
    """Number of rows that need attention, with the URL of their list and the permission to see it."""

    label: str
    number: int
    url: str
    permission: str


def get_attention_items(jobs: dict[str, int]) -> list[AttentionItem]:
    """Return the attention items whose number is not zero. Four queries; `jobs` is `queues.count_stuck_jobs()`."""
    failed = Order.objects.filter(status="failed", created_at__gte=timezone.now() - timedelta(days=7)).count()
    items = [
        AttentionItem(_("Failed payments this week"), failed, _list_url("payments_order", "status__exact=failed"),
               "payments.view_order"),
        AttentionItem(_("Flagged orders"), Order.objects.exclude(flag="").count(),
               _list_url("payments_order", "flag__isempty=0"), "payments.view_order"),
        AttentionItem(_("Disputed payments"), Order.objects.filter(disputed_at__isnull=False).count(),
               _list_url("payments_order", "disputed_at__isempty=0"), "payments.view_order"),
        AttentionItem(_("Reported reviews"), ReviewReport.objects.filter(settled_at=None).count(),
               _list_url("enrollments_reviewreport", "settled_at__isempty=1"), "enrollments.view_reviewreport"),
        AttentionItem(_("Failed jobs"), jobs["failed_jobs"], _list_url("platform_failedtask", "settled_at__isempty=1"),
               "platform.view_failedtask"),
        AttentionItem(_("Jobs refused by the broker"), jobs["refused_jobs"], _list_url("platform_deferredtask"),
               "platform.view_deferredtask"),
    ]  # fmt: skip
    return [item for item in items if item.number]


def _list_url(model: str, query: str = "") -> str:
    """Return the URL of a changelist of the admin."""
    return reverse(f"admin:{model}_changelist") + (f"?{query}" if query else "")


class Figure(NamedTuple):
    """Number on the dashboard, with a note, the URL of its list, and the permission to see it."""

    label: str
    value: int
    note: str
    url: str
    permission: str


def get_figures() -> list[Figure]:
    """Return the figures of the dashboard. Queries as in `get_counts`."""
    counts = get_counts()
    return [
        Figure(_("Users"), counts["users"], _("%d active in 30 days") % counts["users_seen_in_30_days"],
               _list_url("accounts_user"), "accounts.view_user"),
        Figure(_("Courses"), counts["courses"], _("%d published") % counts["courses_published"],
               _list_url("courses_course"), "courses.view_course"),
        Figure(_("Enrollments"), counts["enrollments"], _("%d in 30 days") % counts["enrollments_in_30_days"],
               _list_url("enrollments_enrollment"), "enrollments.view_enrollment"),
        Figure(_("Completions"), counts["completions"], _("%d certificates") % counts["certificates"],
               _list_url("certificates_certificate"), "certificates.view_certificate"),
        Figure(_("Orders"), counts["orders"], _("%d paid") % counts["orders_completed"], _list_url("payments_order"),
               "payments.view_order"),
    ]  # fmt: skip


def get_stats(*, health: dict[str, Any]) -> dict[str, Any]:
    """Return the response of `/admin/stats`."""
    jobs = queues.count_stuck_jobs()
    return {
        "counts": get_counts(),
        "versions": get_versions(),
        "health": health,
        "queues": queues.get_queue_depths(),
        "jobs": jobs,
        "attention": [{"what": item.label, "count": item.number} for item in get_attention_items(jobs)],
    }
