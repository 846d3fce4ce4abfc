"""`record()`: the one way into the audit log."""

from typing import Any

from django.db.models import Model

from lms.lib import request_id
from lms.platform.models import AuditEntry, described


def record(
    *, actor: Any, action: str, target: Model | None = None, changes: dict[str, Any] | None = None, subject: Any = None
) -> AuditEntry:
    """Append an entry to the audit log, in the caller's transaction: no act without its line, no line without its act.

    `action` is `app.verb` in the past tense (`courses.published`). `changes` maps a field to [before, after], or to a
    plain value; never pass a secret. `actor` may be None for the system, and anonymous users count as None. Address and
    request id come from the request that is being answered. One insert.
    """
    return AuditEntry.objects.create(
        actor_id=getattr(actor, "pk", None),
        subject_id=getattr(subject, "pk", None),
        action=action,
        target_type=described(target) if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        changes=changes or {},
        ip_address=request_id.address.get(),
        request_id=request_id.current.get(),
    )
