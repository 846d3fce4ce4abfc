"""How the site stands: counted for the dashboard and `/admin/stats`, and what of it somebody should look at."""

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
from courses.models import Course
from enrollments.models import Enrollment, Review, ReviewReport
from files.models import File
from lms.platform import queues
from payments.models import Order

KEPT_SECONDS = 30
KEY = "staff.counts"


def counts() -> dict[str, int]:
    """Return how much there is of everything, at most half a minute old. Eight queries, or one look into the cache."""
    kept: dict[str, int] | None = cache.get(KEY)
    if kept is None:
        kept = _counted()
        cache.set(KEY, kept, KEPT_SECONDS)
    return kept


def _counted() -> dict[str, int]:
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


def versions() -> dict[str, str]:
    """Return the versions of what the site runs on."""
    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "database": f"{connection.vendor} {'.'.join(map(str, connection.get_database_version()))}",
    }


class Matter(NamedTuple):
    """Something that somebody of the staff should look at, and where."""

    label: str
    number: int
    url: str
    permission: str


def matters() -> list[Matter]:
    """Return what needs attention: nothing, on a good day. Six queries."""
    jobs = queues.stuck()
    failed = Order.objects.filter(status="failed", created_at__gte=timezone.now() - timedelta(days=7)).count()
    found = [
        Matter(_("Payments that failed this week"), failed, _list("payments_order", "status__exact=failed"),
               "payments.view_order"),
        Matter(_("Orders with a flag"), Order.objects.exclude(flag="").count(),
               _list("payments_order", "flag__isempty=0"), "payments.view_order"),
        Matter(_("Payments in dispute"), Order.objects.filter(disputed_at__isnull=False).count(),
               _list("payments_order", "disputed_at__isempty=0"), "payments.view_order"),
        Matter(_("Reviews that somebody reported"), ReviewReport.objects.filter(settled_at=None).count(),
               _list("enrollments_reviewreport", "settled_at__isempty=1"), "enrollments.view_reviewreport"),
        Matter(_("Jobs that failed"), jobs["failed_jobs"], _list("platform_failedtask", "settled_at__isempty=1"),
               "platform.view_failedtask"),
        Matter(_("Jobs that the broker refuses"), jobs["refused_jobs"], _list("platform_deferredtask"),
               "platform.view_deferredtask"),
    ]  # fmt: skip
    return [matter for matter in found if matter.number]


def _list(model: str, query: str = "") -> str:
    """Return the address of a list in the admin."""
    return reverse(f"admin:{model}_changelist") + (f"?{query}" if query else "")


class Figure(NamedTuple):
    """A number of the dashboard: what it counts, a second line, and where the list is."""

    label: str
    value: int
    beside: str
    url: str
    permission: str


def figures() -> list[Figure]:
    """Return the dashboard's numbers. As `counts`."""
    of = counts()
    return [
        Figure(_("People"), of["users"], _("%d seen in 30 days") % of["users_seen_in_30_days"], _list("accounts_user"),
               "accounts.view_user"),
        Figure(_("Courses"), of["courses"], _("%d published") % of["courses_published"], _list("courses_course"),
               "courses.view_course"),
        Figure(_("Enrolments"), of["enrollments"], _("%d in 30 days") % of["enrollments_in_30_days"],
               _list("enrollments_enrollment"), "enrollments.view_enrollment"),
        Figure(_("Completions"), of["completions"], _("%d certificates") % of["certificates"],
               _list("certificates_certificate"), "certificates.view_certificate"),
        Figure(_("Orders"), of["orders"], _("%d paid") % of["orders_completed"], _list("payments_order"),
               "payments.view_order"),
    ]  # fmt: skip


def stats(*, health: dict[str, Any]) -> dict[str, Any]:
    """Return everything that `/admin/stats` says."""
    return {
        "counts": counts(),
        "versions": versions(),
        "health": health,
        "queues": queues.depths(),
        "jobs": queues.stuck(),
        "attention": [{"what": matter.label, "count": matter.number} for matter in matters()],
    }
