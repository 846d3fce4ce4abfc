"""Checkpoints of the audit log: daily signed statements of its length and last seal (quality row V13).

The seals of the chain need no key, so whoever can write to the database can delete an entry and seal the rest again.
A checkpoint signs the position and hash of the last seal with `AUDIT_KEY`, which is not in the database; a chain that
was sealed again does not match the checkpoints after the deleted entry. Each checkpoint also signs the one before it,
so that none can be removed from the middle.

The newest checkpoints could still be deleted together with the entries. Therefore each is also written to the log of
the site, and to the storage `audit` if `AUDIT_CHECKPOINT_STORE` is set. Because of the signed predecessor, the newest
stored copy is enough to verify all of them.
"""

import json
import logging
from datetime import UTC
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.utils import timezone

from core.audit import chain
from core.models import AuditCheckpoint

STORAGE = "audit"
log = logging.getLogger(__name__)


class CheckpointError(Exception):
    """A checkpoint was changed, deleted or forged."""


def add_checkpoint(head: str) -> AuditCheckpoint | None:
    """Sign the verified `position:hash` of the last seal, and write the result to the log and to the storage.

    Return the checkpoint of this position, which is an earlier one if no entry was added since; None for an empty log.
    """
    position, _colon, last_hash = head.partition(":")
    if not int(position):
        return None
    last = AuditCheckpoint.objects.last()
    if last is None or last.position != int(position):
        added = AuditCheckpoint(
            number=last.number + 1 if last is not None else 1,
            position=int(position),
            hash=last_hash,
            created_at=timezone.now(),
        )
        added.signature = chain.sign(_content(added, last.signature if last is not None else ""))
        added.save(force_insert=True)
        last = added
    values = as_dict(last)
    fields = " ".join(f"{name}={value}" for name, value in values.items())
    log.warning("Checkpoint of the audit log: %s", fields, extra={"fields": {"event": "audit.checkpoint", **values}})
    _store_new()
    return last


def verify_checkpoints() -> list[AuditCheckpoint]:
    """Return all checkpoints, in order. Raise CheckpointError if one was changed, deleted or forged."""
    checkpoints = list(AuditCheckpoint.objects.all())
    before = ""
    for number, checkpoint in enumerate(checkpoints, start=1):
        if checkpoint.number != number:
            raise CheckpointError(f"checkpoint {number} is missing")
        if not chain.is_signed(_content(checkpoint, before), checkpoint.signature):
            raise CheckpointError(f"checkpoint {number} was not signed with the key of the audit log")
        before = checkpoint.signature
    _compare_with_storage(checkpoints)
    return checkpoints


def as_dict(checkpoint: AuditCheckpoint) -> dict[str, Any]:
    """Return the values of a checkpoint as in the log and in the storage."""
    return {
        "number": checkpoint.number,
        "position": checkpoint.position,
        "hash": checkpoint.hash,
        "created_at": checkpoint.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "signature": checkpoint.signature,
    }


def _content(checkpoint: AuditCheckpoint, before: str) -> bytes:
    """Return what the signature of a checkpoint covers; `before` is the signature of the one before it."""
    values = as_dict(checkpoint) | {"signature": before}
    return ":".join(["checkpoint", *map(str, values.values())]).encode()


def _storage() -> Storage | None:
    """Return the storage of copies, or None if the site has none."""
    return storages[STORAGE] if STORAGE in settings.STORAGES else None


def _stored_names(storage: Storage) -> list[str]:
    """Return the names of all copies, oldest first."""
    _folders, names = storage.listdir("")
    return sorted(name for name in names if name.endswith(".json"))


def _store_new() -> None:
    """Store a copy of each checkpoint that is newer than the newest copy."""
    storage = _storage()
    if storage is None:
        return
    names = _stored_names(storage)
    stored = int(names[-1].removesuffix(".json")) if names else 0
    for checkpoint in AuditCheckpoint.objects.filter(number__gt=stored):
        content = ContentFile(json.dumps(as_dict(checkpoint)).encode())
        storage.save(f"{checkpoint.number:010}.json", content)


def _compare_with_storage(checkpoints: list[AuditCheckpoint]) -> None:
    """Raise CheckpointError if the newest copy differs from its checkpoint, or has none."""
    storage = _storage()
    names = _stored_names(storage) if storage is not None else []
    if storage is None or not names:
        return
    with storage.open(names[-1]) as file:
        stored = json.loads(file.read())
    number = int(stored["number"])
    if number > len(checkpoints):
        raise CheckpointError(f"checkpoint {number} is missing, of which there is a copy")
    if as_dict(checkpoints[number - 1]) != stored:
        raise CheckpointError(f"checkpoint {number} differs from its copy")
