"""Asking for a large file."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import Role, User, has_role
from analytics.models import Export, ExportKind
from analytics.periods import Period
from analytics.tasks import write_export
from courses.models import Course
from lms.lib.scoping import may_edit
from lms.platform.audit import record

EXPORTS = limits.Limit("export", 20, timedelta(hours=1))


@transaction.atomic
def ask_for_export(
    *, actor: User, kind: ExportKind, course: Course | None = None, period: Period | None = None
) -> Export:
    """Note that somebody wants a file, and have it written after the commit; return the export.

    Of a course, its students, for who may edit it; of the whole site, for admins. Raises PermissionDenied for anybody
    else, LimitError after 20 an hour.
    """
    allowed = has_role(actor, Role.ADMIN) if course is None else may_edit(course, actor)
    if not allowed or (course is None) == (kind == ExportKind.STUDENTS):
        raise PermissionDenied(_("You may see this, but not take it with you."))
    limits.spend(EXPORTS, account=str(actor.pk))
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
