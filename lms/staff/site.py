"""The admin's front page and the page of its jobs."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_site import AdminSite as GuardedSite
from lms.platform import queues
from lms.platform.health import readiness
from lms.platform.models import AuditEntry
from lms.staff import figures, mails

LAST_ENTRIES = 12
PARTS = {
    "database": gettext_lazy("Database"),
    "migrations": gettext_lazy("Migrations"),
    "cache": gettext_lazy("Cache"),
    "channel_layer": gettext_lazy("Live messages"),
    "broker": gettext_lazy("Queue of jobs"),
    "storage": gettext_lazy("Files"),
}


class AdminSite(GuardedSite):
    """The admin, opening with how the site stands, as far as each of the staff may know it."""

    index_template = "admin/dashboard.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Figures, what needs attention, health, the last lines of the audit log, and the lists."""
        user: Any = request.user
        _ready, parts = readiness() if user.has_perm("platform.view_sitesettings") else (True, {})
        context = {
            "figures": [figure for figure in figures.figures() if user.has_perm(figure.permission)],
            "matters": [matter for matter in figures.matters() if user.has_perm(matter.permission)],
            "parts": {PARTS.get(name, name): part for name, part in parts.items()},
            "entries": self._last_entries(user),
            **(extra_context or {}),
        }
        return super().index(request, context)

    def _last_entries(self, user: Any) -> list[AuditEntry]:
        if not user.has_perm("platform.view_auditentry"):
            return []
        return list(AuditEntry.objects.select_related("actor", "subject")[:LAST_ENTRIES])

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the page of the jobs, and those of the mails."""
        return [path("jobs/", self.admin_view(self.jobs), name="jobs"), *mails.urls(self), *super().get_urls()]

    def jobs(self, request: HttpRequest) -> HttpResponse:
        """The periodic jobs and when each last ran; what waits, and what failed."""
        if not request.user.has_perm("platform.view_failedtask"):
            raise PermissionDenied
        context = {
            **self.each_context(request),
            "title": _("Jobs"),
            "schedule": queues.schedule(),
            "depths": queues.depths(),
            "stuck": queues.stuck(),
        }
        return TemplateResponse(request, "admin/jobs.html", context)
