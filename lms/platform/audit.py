"""`record()`: the one way into the audit log; and looking the whole log through."""

import re
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from lms.lib import request_id
from lms.platform import chain
from lms.platform.models import AuditEntry, AuditSeal, described

# A line that somebody forgets to leave a secret out of keeps it out all the same.
SECRET_NAME = re.compile(r"password|secret|token|recovery|otp|api_?key|private|signing|card_?number|cvc", re.IGNORECASE)
HIDDEN = "(hidden)"


def record(
    *, actor: Any, action: str, target: Model | None = None, changes: dict[str, Any] | None = None, subject: Any = None
) -> AuditEntry:
    """Append an entry to the audit log, in the caller's transaction: no act without its line, no line without its act.

    `action` is `app.verb` in the past tense (`courses.published`). `changes` maps a field to [before, after], or to a
    plain value; what is named like a secret is hidden. `actor` may be None for the system, and anonymous users count as
    None. While somebody impersonates, they are the actor and the impersonated person is the subject, whatever a service
    says: it knows only in whose name it works (QUALITY M02). Address and request id come from the request that is being
    answered. One insert; on SQLite two queries more, for the seal.
    """
    acting = request_id.acting.get()
    subject_id = getattr(subject, "pk", None)
    about = without_secrets(changes or {})
    if acting is not None:
        if subject_id not in (None, acting.subject_id):
            about["concerns"] = str(subject_id)
        subject_id = acting.subject_id
    entry = AuditEntry(
        created_at=timezone.now(),
        actor_id=acting.actor_id if acting is not None else getattr(actor, "pk", None),
        subject_id=subject_id,
        action=action,
        target_type=described(target) if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        changes=about,
        ip_address=request_id.address.get(),
        request_id=request_id.current.get(),
    )
    entry.digest = chain.digest_of(entry)
    if chain.sealed_by_the_database():
        entry.save(force_insert=True)
        return entry
    with transaction.atomic(savepoint=False):
        entry.save(force_insert=True)
        AuditSeal.add(entry)
    return entry


def without_secrets(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with every value hidden whose name sounds like a secret, however deep it stands."""
    return {
        name: HIDDEN if SECRET_NAME.search(name) else (without_secrets(value) if isinstance(value, dict) else value)
        for name, value in changes.items()
    }


def verdict(*, known_head: str = "") -> chain.Verdict:
    """Look the whole log through, in the order of its chain; return how it stands, and the first bad row.

    Two queries for every 2,000 entries.
    """
    return chain.judged(_sealed_rows(), known_head=known_head)


def _sealed_rows() -> Iterator[tuple[AuditSeal | None, AuditEntry | None]]:
    """Yield each seal with its entry, in the chain's order; then what has no place in the chain."""
    place = 0
    while seals := list(AuditSeal.objects.filter(position__gt=place).order_by("position")[: chain.BATCH]):
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for seal in seals:
            yield seal, entries.get(seal.entry_id)
        place = seals[-1].position or 0
    for entry in AuditEntry.objects.unsealed().order_by("id").iterator(chunk_size=chain.BATCH):
        yield None, entry
