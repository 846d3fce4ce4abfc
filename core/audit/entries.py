"""Writing to the audit log with `record()`, and verifying the log."""

import re
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from core.audit import chain, checkpoints
from core.http import request_id
from core.models import AuditEntry, AuditSeal, target_label

# Values under these names are hidden, so that a caller that passes a secret by mistake does not log it.
SECRET_NAME = re.compile(r"password|secret|token|recovery|otp|api_?key|private|signing|card_?number|cvc", re.IGNORECASE)
HIDDEN = "(hidden)"


def record(
    *, actor: Any, action: str, target: Model | None = None, changes: dict[str, Any] | None = None, subject: Any = None
) -> AuditEntry:
    """Append an entry to the audit log in the caller's transaction, so that the act and its entry commit together.

    `action` is `app.verb` in the past tense (`courses.published`). `changes` maps a field to [before, after] or to a
    plain value; values whose name looks like a secret are hidden. `actor` may be None for the system; an anonymous user
    is stored as None. During an impersonation the impersonating user is the actor and the impersonated user is the
    subject, whatever the caller passes: services only know the user that they act for (quality row M02). The address
    and the request id come from the current request. One insert; two more queries on SQLite, for the seal.
    """
    acting = request_id.acting.get()
    subject_id = getattr(subject, "pk", None)
    about = hide_secrets(changes or {})
    if acting is not None:
        if subject_id not in (None, acting.subject_id):
            about["concerns"] = str(subject_id)
        subject_id = acting.subject_id
    entry = AuditEntry(
        created_at=timezone.now(),
        actor_id=acting.actor_id if acting is not None else getattr(actor, "pk", None),
        subject_id=subject_id,
        action=action,
        target_type=target_label(target) if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        changes=about,
        ip_address=request_id.address.get(),
        request_id=request_id.current.get(),
    )
    entry.digest = chain.digest_of(entry)
    if chain.database_seals_entries():
        entry.save(force_insert=True)
        return entry
    with transaction.atomic(savepoint=False):
        entry.save(force_insert=True)
        AuditSeal.add(entry)
    return entry


def hide_secrets(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with every value hidden whose name looks like a secret, at any depth."""
    return {
        name: HIDDEN if SECRET_NAME.search(name) else (hide_secrets(value) if isinstance(value, dict) else value)
        for name, value in changes.items()
    }


def verify_chain(*, known_head: str = "") -> chain.ChainReport:
    """Verify the whole audit log and its checkpoints; return a report with the first bad row.

    `known_head` is the head that an earlier verification returned (see `core.audit.chain.verify_rows`). Two queries per
    2,000 entries, and one for the checkpoints.
    """
    try:
        verified = checkpoints.verify_checkpoints()
    except checkpoints.CheckpointError as error:
        return chain.ChainReport(0, "0:", None, str(error))
    pairs = [(checkpoint.position, checkpoint.hash) for checkpoint in verified]
    return chain.verify_rows(_sealed_rows(), known_head=known_head, checkpoints=pairs)


def _sealed_rows() -> Iterator[tuple[AuditSeal | None, AuditEntry | None]]:
    """Yield each seal with its entry, in the order of the chain, and then the entries without a seal."""
    place = 0
    while seals := list(AuditSeal.objects.filter(position__gt=place).order_by("position")[: chain.BATCH]):
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for seal in seals:
            yield seal, entries.get(seal.entry_id)
        place = seals[-1].position or 0
    for entry in AuditEntry.objects.unsealed().order_by("id").iterator(chunk_size=chain.BATCH):
        yield None, entry
