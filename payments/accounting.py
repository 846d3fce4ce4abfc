"""The ledger as a table for the accountant."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from lms.lib import money
from payments.models import LedgerEntry

HEAD = ("date", "entry", "kind", "from", "to", "amount", "currency", "order", "receipt", "course", "buyer", "by")


def entries_between(first: date | None, last: date | None) -> QuerySet[LedgerEntry]:
    """Return the entries of these days, both included, in the site's time zone, oldest first."""
    entries = LedgerEntry.objects.select_related("order__user", "order__receipt", "actor").order_by("id")
    if first:
        entries = entries.filter(created_at__date__gte=first)
    return entries.filter(created_at__date__lte=last) if last else entries


def rows(entries: QuerySet[LedgerEntry]) -> Iterator[Sequence[str]]:
    """Yield the rows of a table, its head first; amounts are decimals in the major unit, with a point."""
    yield HEAD
    for entry in entries.iterator(chunk_size=500):
        order = entry.order
        receipt = getattr(order, "receipt", None)
        yield (
            timezone.localtime(entry.created_at, timezone.get_default_timezone()).isoformat(timespec="seconds"),
            str(entry.pk), entry.kind, entry.source, entry.target, str(money.to_major(entry.amount, entry.currency)),
            entry.currency, str(order.pk), receipt.formatted_number if receipt else "", order.course_title,
            order.user.full_name, entry.actor.full_name if entry.actor else "",
        )  # fmt: skip
