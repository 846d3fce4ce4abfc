"""The audit log's chain: each entry signed by itself, and tied to the one before it (QUALITY M03).

An entry's `digest` is an HMAC of everything it says, made when it is written: whoever changes a row by SQL cannot make
one that fits, for the key is not in the database. Its *seal* ties it to the entry sealed before it, so that a row that
is missing, put in or moved breaks the chain.

The chain must be exact when many write at once, and nobody should wait long for it. So an entry is sealed at the very
end of its transaction, and nothing else waits on a lock after that:

- PostgreSQL: a deferred trigger writes an empty seal when the transaction commits; a second one, deferred again, fires
  after all other deferred work (the checks of foreign keys, which may wait for rows of others), takes one advisory
  lock, and fills the seal in. The lock is held for the commit itself, not for the request; since it is always the last
  one taken, it cannot be part of a deadlock.
- SQLite has one writer at a time anyway, so the entry is sealed as it is written.

Sealing by a periodic job was the other way. It would leave the last entries loose, wait for a job that a small site
does not run, and have to tell a number that a rolled-back transaction used up from a row that was deleted.
"""

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Iterator
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


def said_by(entry: Any) -> bytes:
    """Return everything an entry says, in one spelling, however a database spells numbers, addresses or key order."""
    said = {
        "created_at": entry.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": str(entry.actor_id or ""),
        "subject": str(entry.subject_id or ""),
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "changes": _plain(entry.changes),
        "ip_address": str(ipaddress.ip_address(entry.ip_address)) if entry.ip_address else "",
        "request_id": entry.request_id,
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":"), default=_number).encode()


def _plain(changes: Any) -> Any:
    """Return the changes as they come back from the database, with every number a Decimal."""
    return json.loads(json.dumps(changes, cls=DjangoJSONEncoder), parse_float=Decimal, parse_int=Decimal)


def _number(value: Decimal) -> str:
    """Return a number in one spelling: 1, 1.0 and 1e0 are the same to a database."""
    return f"{value.normalize() + 0:f}"


def digest_of(entry: Any) -> str:
    """Return the HMAC of what an entry says, as 64 hexadecimal characters."""
    return hmac.new(settings.AUDIT_KEY.encode(), said_by(entry), hashlib.sha256).hexdigest()


def link(*, before: str, position: int, entry_id: int, digest: str) -> str:
    """Return the hash of a seal: of the hash before it, its own place and its entry's digest."""
    return hashlib.sha256(f"{before}:{position}:{entry_id}:{digest}".encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What became of looking the whole log through: how many entries hold, the last seal, and the first bad row."""

    checked: int
    head: str
    bad_entry: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.reason


def judged(rows: Iterator[tuple[Any, Any]], *, known_head: str = "") -> Verdict:
    """Return the verdict on pairs of a seal and its entry, in the chain's order; either may be None.

    `known_head` is a `position:hash` that was written down earlier: without it, nobody could tell a log whose end was
    cut off from one that was never longer.
    """
    before, place = "", 0
    known_place = int(known_head.partition(":")[0] or 0)
    for seal, entry in rows:
        reason = _wrong_with(seal, entry, before=before, place=place + 1)
        if not reason and seal.position == known_place and f"{seal.position}:{seal.hash}" != known_head:
            reason = "is not what stood here when the head was written down"
        if reason:
            bad = entry.pk if entry is not None else seal.entry_id
            return Verdict(place, f"{place}:{before}", bad, reason)
        before, place = seal.hash, seal.position
    if place < known_place:
        return Verdict(place, f"{place}:{before}", None, f"the log ends at {place}, and once reached {known_place}")
    return Verdict(place, f"{place}:{before}")


def _wrong_with(seal: Any, entry: Any, *, before: str, place: int) -> str:
    """Return what is wrong with one row of the chain, or nothing."""
    if seal is None or seal.position is None:
        return "is not part of the chain: it was put in past the site"
    if entry is None:
        return "is missing: it was deleted"
    if not hmac.compare_digest(digest_of(entry), entry.digest):
        return "was changed after it was written"
    if seal.position != place:
        return f"stands at {seal.position} of the chain, where {place} should be: what stood between was deleted"
    expected = link(before=before, position=place, entry_id=entry.pk, digest=entry.digest)
    return "" if hmac.compare_digest(expected, seal.hash) else "is tied to another entry than the one before it"


def sealed_by_the_database() -> bool:
    """Return whether the database seals entries itself when their transaction commits."""
    return connection.vendor == "postgresql"
