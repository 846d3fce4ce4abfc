"""Hash chain of the audit log: each entry is signed, and linked to the entry before it (quality row M03).

The `digest` of an entry is an HMAC of its content, computed when the entry is written. A row that was edited by SQL has
an invalid digest, because the key is not in the database. The *seal* of an entry links it to the entry sealed before
it, so that a deleted, inserted or moved row breaks the chain.

The chain must stay exact under concurrent writes, and must not hold a lock for the length of a request. Therefore an
entry is sealed at the end of its transaction, and the transaction takes no other lock after that:

- PostgreSQL: a deferred trigger inserts an empty seal when the transaction commits. A second deferred trigger runs
  after all other deferred work (foreign key checks, which may wait for rows of other transactions), takes one advisory
  lock and fills in the seal. The lock is held during the commit, not during the request. As it is always the last lock
  that a transaction takes, it cannot be part of a deadlock.
- SQLite has a single writer, so the entry is sealed when it is written.

Sealing in a periodic job was rejected: the newest entries would stay unsealed, small sites run no periodic jobs, and
the job could not distinguish an id used up by a rolled-back transaction from a deleted row.

The database computes the seals, so they need no key: whoever can write to the database can delete an entry and seal the
rest again. *Checkpoints* (core.audit.checkpoints) fix the chain up to a position with a signature (quality row V13).

When an account is closed, the personal values of an entry are replaced by keyed digests. The entry keeps its digest,
and so its place in the chain; `redaction` signs the new content together with the digest (quality row V15).
"""

import hashlib
import hmac
import ipaddress
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

BATCH = 2_000

POSTGRESQL = [
    """CREATE FUNCTION platform_audit_begin_seal() RETURNS trigger AS $$
    BEGIN INSERT INTO platform_auditseal (entry_id, position, hash) VALUES (NEW.id, NULL, ''); RETURN NULL; END
    $$ LANGUAGE plpgsql""",
    """CREATE FUNCTION platform_audit_seal() RETURNS trigger AS $$
    DECLARE last_position bigint; last_hash text; own_digest text;
    BEGIN
      PERFORM pg_advisory_xact_lock(7233401); -- any number that no other lock of ours uses
      SELECT position, hash INTO last_position, last_hash FROM platform_auditseal
        WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1;
      SELECT digest INTO own_digest FROM platform_auditentry WHERE id = NEW.entry_id;
      last_position := COALESCE(last_position, 0) + 1;
      UPDATE platform_auditseal SET position = last_position, hash = encode(sha256(convert_to(
        COALESCE(last_hash, '') || ':' || last_position || ':' || NEW.entry_id || ':' || own_digest, 'UTF8')), 'hex')
        WHERE entry_id = NEW.entry_id;
      RETURN NULL;
    END $$ LANGUAGE plpgsql""",
    """CREATE CONSTRAINT TRIGGER platform_audit_begin_seal AFTER INSERT ON platform_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION platform_audit_begin_seal()""",
    """CREATE CONSTRAINT TRIGGER platform_audit_seal AFTER INSERT ON platform_auditseal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.position IS NULL) EXECUTE FUNCTION platform_audit_seal()""",
]
NO_POSTGRESQL = [
    "DROP FUNCTION IF EXISTS platform_audit_begin_seal() CASCADE",
    "DROP FUNCTION IF EXISTS platform_audit_seal() CASCADE",
]


def serialize_entry(entry: Any) -> bytes:
    """Return the content of an entry as canonical JSON, however the database stores numbers and addresses."""
    content = {
        "created_at": entry.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": str(entry.actor_id or ""),
        "subject": str(entry.subject_id or ""),
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "changes": _normalize_numbers(entry.changes),
        "ip_address": str(ipaddress.ip_address(entry.ip_address)) if entry.ip_address else "",
        "request_id": entry.request_id,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=_format_number).encode()


def _normalize_numbers(changes: Any) -> Any:
    """Return the changes as the database returns them, with every number as a Decimal."""
    return json.loads(json.dumps(changes, cls=DjangoJSONEncoder), parse_float=Decimal, parse_int=Decimal)


def _format_number(value: Decimal) -> str:
    """Return the canonical spelling of a number: databases treat 1, 1.0 and 1e0 as equal."""
    return f"{value.normalize() + 0:f}"


def sign(content: bytes, key: str = "") -> str:
    """Return the HMAC-SHA256 of `content` with `key`, by default the current key, as 64 hexadecimal characters."""
    return hmac.new((key or settings.AUDIT_KEY).encode(), content, hashlib.sha256).hexdigest()


def is_signed(content: bytes, signature: str) -> bool:
    """Return whether `signature` is the one of `content` with the current key or with one of the earlier keys."""
    keys = (settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS)
    return any(hmac.compare_digest(sign(content, key), signature) for key in keys)


def digest_of(entry: Any) -> str:
    """Return the HMAC-SHA256 of an entry's content, as 64 hexadecimal characters."""
    return sign(serialize_entry(entry))


def redaction_of(entry: Any) -> str:
    """Return the signature of an entry whose personal values were replaced after it was written."""
    return sign(_redacted_content(entry))


def is_unchanged(entry: Any) -> bool:
    """Return whether an entry has the content that was signed when it was written, or when it was redacted."""
    if entry.redaction:
        return is_signed(_redacted_content(entry), entry.redaction)
    return is_signed(serialize_entry(entry), entry.digest)


def _redacted_content(entry: Any) -> bytes:
    return b"redaction:%s:%s" % (entry.digest.encode(), serialize_entry(entry))


def link(*, before: str, position: int, entry_id: int, digest: str) -> str:
    """Return the hash of a seal, computed from the previous hash, the position, and the id and digest of the entry."""
    return hashlib.sha256(f"{before}:{position}:{entry_id}:{digest}".encode()).hexdigest()


@dataclass(frozen=True)
class ChainReport:
    """Result of a verification: number of valid entries, `position:hash` of the last seal, and the first bad entry."""

    checked: int
    head: str
    bad_entry: int | None = None
    reason: str = ""

    @property
    def is_intact(self) -> bool:
        """Whether the verification found no fault."""
        return not self.reason

    @property
    def fault(self) -> str:
        """The fault as a sentence, with the first bad entry."""
        row = "" if self.bad_entry is None else f"Entry {self.bad_entry} "
        return f"{row}{self.reason}. The {self.checked} entries before it are valid."


def verify_rows(
    rows: Iterator[tuple[Any, Any]], *, known_head: str = "", checkpoints: Iterable[tuple[int, str]] = ()
) -> ChainReport:
    """Verify pairs of a seal and its entry, in the order of the chain; either of a pair may be None.

    `known_head` is a `position:hash` that an earlier verification returned. `checkpoints` are the positions and hashes
    of verified checkpoints. Without them, a log whose end was deleted cannot be distinguished from a shorter log, nor a
    log that was sealed again from the original.
    """
    known: defaultdict[int, set[str]] = defaultdict(set)
    for position, known_hash in [*checkpoints, *([_parse_head(known_head)] if known_head else [])]:
        known[position].add(known_hash)
    before, place = "", 0
    for seal, entry in rows:
        reason = _find_fault(seal, entry, before=before, place=place + 1)
        if not reason and known.get(seal.position, {seal.hash}) != {seal.hash}:
            reason = "does not match a checkpoint or the known head: an entry up to here was deleted or replaced"
        if reason:
            bad = entry.pk if entry is not None else seal.entry_id
            return ChainReport(place, f"{place}:{before}", bad, reason)
        before, place = seal.hash, seal.position
    last_place = max(known, default=0)
    if place < last_place:
        return ChainReport(place, f"{place}:{before}", None, f"the log ends at {place}, but once reached {last_place}")
    return ChainReport(place, f"{place}:{before}")


def _parse_head(head: str) -> tuple[int, str]:
    position, _colon, known_hash = head.partition(":")
    return int(position), known_hash


def _find_fault(seal: Any, entry: Any, *, before: str, place: int) -> str:
    """Return the fault of one row of the chain, or an empty string."""
    if seal is None or seal.position is None:
        return "is not part of the chain: it was inserted from outside the site"
    if entry is None:
        return "is missing: it was deleted"
    if not is_unchanged(entry):
        return "was changed after it was written"
    if seal.position != place:
        return f"is at position {seal.position} of the chain, but {place} was expected: entries between were deleted"
    expected = link(before=before, position=place, entry_id=entry.pk, digest=entry.digest)
    return "" if hmac.compare_digest(expected, seal.hash) else "is not linked to the entry before it"


def database_seals_entries() -> bool:
    """Return whether the database itself seals entries when their transaction commits."""
    return connection.vendor == "postgresql"
