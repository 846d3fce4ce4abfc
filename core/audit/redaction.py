"""Replacement of personal values in the audit log by keyed digests, when an account is closed (quality row V15).

The entries stay in the log and in the chain: the digest of an entry is not changed, and `redaction` signs its new
content (core.audit.chain). Equal values have equal digests, so that entries about one address can still be related to
each other, but without `AUDIT_KEY` a digest cannot be compared with a guessed value.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q

from core.audit import chain
from core.models import AuditEntry, target_label

# Fields of `changes` that hold personal values in entries about a person.
PERSONAL_FIELDS = {"email", "full_name", "language", "name", "profile_metadata", "reason", "time_zone"}
# Of these, the ones that name the person, so that other entries are searched for earlier values, too.
NAMING_FIELDS = {"email", "full_name"}
PREFIX = "hmac:"
BATCH = 500
ANY = re.compile("")
NOTHING = r"(?!)"


def digest_value(value: Any) -> str:
    """Return the keyed digest that replaces a value."""
    return PREFIX + chain.sign(b"value:" + json.dumps(value, cls=DjangoJSONEncoder, sort_keys=True).encode())


def redact_person(person: Model, *, names: Collection[str]) -> int:
    """Replace the personal values of `person` in the audit log; return the number of changed entries.

    `names` are the present name and address.

    Personal values are the fields in `PERSONAL_FIELDS` of entries about the person, the network address of entries by
    the person, and texts with a name or an address of the person, present or earlier. In entries that are neither by
    nor about the person, a text must contain the address or be the whole name of several words: otherwise a user could
    hide the texts of others by choosing a name that occurs in them.

    Reads the log twice; one more query per 500 entries. Call it in the transaction that closes the account.
    """
    about = Q(subject_id=person.pk) | Q(target_type=target_label(person), target_id=str(person.pk))
    known = set(names)
    for entry in AuditEntry.objects.filter(about).iterator(chunk_size=BATCH):
        known.update(text for name in NAMING_FIELDS for text in _texts_in(entry.changes.get(name)) if text)
    known = {name for name in known if not name.startswith(PREFIX)}
    wanted = about | Q(actor_id=person.pk)
    for spelling in {spelling for name in known for spelling in (name, json.dumps(name)[1:-1])}:
        wanted |= Q(changes__icontains=spelling)  # SQLite stores other letters than ASCII as escapes
    redaction = Redaction(person, known)
    changed = [
        entry for entry in AuditEntry.objects.filter(wanted).iterator(chunk_size=BATCH) if redaction.apply(entry)
    ]
    AuditEntry.objects.bulk_update(changed, ["changes", "ip_address", "redaction"], batch_size=BATCH)
    return len(changed)


class Redaction:
    """The replacement of the personal values of one person in single entries."""

    def __init__(self, person: Model, names: Collection[str]) -> None:
        self.person = person
        words = "|".join(re.escape(name) for name in names)
        addresses = "|".join(re.escape(name) for name in names if "@" in name)
        whole = "|".join(re.escape(name) for name in names if " " in name)
        self.linked = re.compile(rf"(?<![\w.+-])(?:{words})(?![\w-])", re.IGNORECASE)
        self.foreign = re.compile(
            rf"(?<![\w.+-])(?:{addresses or NOTHING})(?![\w-])|\A(?:{whole or NOTHING})\Z", re.IGNORECASE
        )

    def apply(self, entry: AuditEntry) -> bool:
        """Replace the personal values of an entry, without saving it; return whether there were any."""
        was_unchanged = chain.is_unchanged(entry)
        is_by = entry.actor_id == self.person.pk
        is_about = entry.subject_id == self.person.pk or (
            entry.target_type == target_label(self.person) and entry.target_id == str(self.person.pk)
        )
        pattern = self.linked if is_by or is_about else self.foreign
        changes = {
            name: _map_leaves(value, ANY if is_about and name in PERSONAL_FIELDS else pattern)
            for name, value in entry.changes.items()
        }
        if is_by and entry.ip_address:
            changes["ip_address"], entry.ip_address = digest_value(entry.ip_address), None
        if changes == entry.changes:
            return False
        entry.changes = changes
        # An entry that had been changed before must not become valid.
        entry.redaction = chain.redaction_of(entry) if was_unchanged else "invalid"
        return True


def _map_leaves(value: Any, pattern: re.Pattern[str]) -> Any:
    """Return a JSON value with its texts and numbers replaced where they match, except earlier digests."""
    if isinstance(value, dict):
        return {name: _map_leaves(part, pattern) for name, part in value.items()}
    if isinstance(value, list):
        return [_map_leaves(part, pattern) for part in value]
    if value is None or isinstance(value, bool) or value == "" or str(value).startswith(PREFIX):
        return value
    return digest_value(value) if pattern.search(str(value)) else value


def _texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts_in(part)
