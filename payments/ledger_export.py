"""The ledger as rows of a CSV file, for accounting."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from core.text import money
from payments.models import LedgerEntry

HEADER = ("date", "entry", "kind", "from", "to", "amount", "currency", "order", "receipt", "course", "buyer", "by")


def ledger_entries(first: date | None, last: date | None) -> QuerySet[LedgerEntry]:
    """Return the entries from `first` to `last` inclusive, in the site's time zone, oldest first."""
    entries = LedgerEntry.objects.select_related("order__user", "order__receipt", "actor").order_by("id")
    if first:
        entries = entries.filter(created_at__date__gte=first)
    return entries.filter(created_at__date__lte=last) if last else entries


def iter_rows(entries: QuerySet[LedgerEntry]) -> Iterator[Sequence[str]]:
    """Yield the header and one row per entry; amounts are decimals in the major unit, with a decimal point."""
    yield HEADER
    for entry in entries.iterator(chunk_size=500):
        order = entry.order
        receipt = getattr(order, "receipt", None)
        yield (
            timezone.localtime(entry.created_at, timezone.get_default_timezone()).isoformat(timespec="seconds"),
            str(entry.pk), entry.kind, entry.source, entry.target, str(money.to_major(entry.amount, entry.currency)),
            entry.currency, str(order.pk), receipt.formatted_number if receipt else "", order.course_title,
            order.user.full_name, entry.actor.full_name if entry.actor else "",
        )  # fmt: skip
