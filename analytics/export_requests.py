"""Requests for export files."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import Role, User, has_role
from analytics.models import Export, ExportKind
from analytics.periods import Period
from analytics.tasks import write_export
from core.access.scopes import can_edit
from core.audit.entries import record
from courses.models import Course

EXPORT_LIMIT = limits.Limit("export", 20, timedelta(hours=1))


@transaction.atomic
def request_export(
    *, actor: User, kind: ExportKind, course: Course | None = None, period: Period | None = None
) -> Export:
    """Create an export, schedule its task after the commit, and return it.

    Editors of a course may export its students; admins may export the data of the site. Raise PermissionDenied for
    others, LimitError after 20 exports an hour.
    """
    allowed = has_role(actor, Role.ADMIN) if course is None else can_edit(course, actor)
    if not allowed or (course is None) == (kind == ExportKind.STUDENTS):
        raise PermissionDenied(_("You do not have permission to export this data."))
    limits.spend(EXPORT_LIMIT, account=str(actor.pk))
    export = Export.objects.create(
        user=actor,
        kind=kind,
        course=course,
        first=period.first if period else None,
        last=period.last if period else None,
    )
    record(actor=actor, action="analytics.export_asked_for", target=export, changes={"kind": kind.value})
    write_export.delay_on_commit(str(export.pk))
    return export
