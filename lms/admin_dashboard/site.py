"""Admin site with the dashboard as its index, and the page of jobs."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_site import AdminSite as GuardedSite
from core.jobs import queues
from core.models import AuditEntry
from core.site.health import readiness
from lms.admin_dashboard import figures, mails

LATEST_ENTRIES = 12
PARTS = {
    "database": gettext_lazy("Database"),
    "migrations": gettext_lazy("Migrations"),
    "cache": gettext_lazy("Cache"),
    "channel_layer": gettext_lazy("Live updates"),
    "broker": gettext_lazy("Job queue"),
    "storage": gettext_lazy("Files"),
}


class AdminSite(GuardedSite):
    """Admin site whose index shows the dashboard, limited to what the user has permission to see."""

    index_template = "admin/dashboard.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show figures, attention items, health and the latest audit log entries above the lists of models."""
        user: Any = request.user
        _ready, parts = readiness() if user.has_perm("platform.view_sitesettings") else (True, {})
        items = figures.get_attention_items(queues.count_stuck_jobs())
        context = {
            "figures": [figure for figure in figures.get_figures() if user.has_perm(figure.permission)],
            "attention_items": [item for item in items if user.has_perm(item.permission)],
            "parts": {PARTS.get(name, name): part for name, part in parts.items()},
            "entries": self._get_latest_entries(user),
            **(extra_context or {}),
        }
        return super().index(request, context)

    def _get_latest_entries(self, user: Any) -> list[AuditEntry]:
        if not user.has_perm("platform.view_auditentry"):
            return []
        return list(AuditEntry.objects.select_related("actor", "subject")[:LATEST_ENTRIES])

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("jobs/", self.admin_view(self.jobs), name="jobs"), *mails.urls(self), *super().get_urls()]

    def jobs(self, request: HttpRequest) -> HttpResponse:
        """Show queue depths, failed and refused jobs, and the periodic jobs with the time of their last run."""
        if not request.user.has_perm("platform.view_failedtask"):
            raise PermissionDenied
        context = {
            **self.each_context(request),
            "title": _("Jobs"),
            "schedule": queues.get_schedule(),
            "depths": queues.get_queue_depths(),
            "stuck": queues.count_stuck_jobs(),
        }
        return TemplateResponse(request, "admin/jobs.html", context)
