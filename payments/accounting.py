"""The ledger as a table for the accountant."""

import csv
from collections.abc import Iterator
from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from lms.lib import money
from payments.models import LedgerEntry

HEAD = ("date", "entry", "kind", "from", "to", "amount", "currency", "order", "receipt", "course", "buyer", "by")
# What a spreadsheet would take for a formula (QUALITY N04).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        """Return the line."""
        return text


def as_text(value: str) -> str:
    """Return a cell that no spreadsheet runs."""
    return f"'{value}" if value.startswith(FORMULA_SIGNS) else value


def entries_between(first: date | None, last: date | None) -> QuerySet[LedgerEntry]:
    """Return the entries of these days, both included, in the site's time zone, oldest first."""
    entries = LedgerEntry.objects.select_related("order__user", "order__receipt", "actor").order_by("id")
    if first:
        entries = entries.filter(created_at__date__gte=first)
    return entries.filter(created_at__date__lte=last) if last else entries


def lines(entries: QuerySet[LedgerEntry]) -> Iterator[str]:
    """Yield the lines of a CSV file; amounts are decimals in the major unit, with a point."""
    writer = csv.writer(_Line())
    yield writer.writerow(HEAD)
    for entry in entries.iterator(chunk_size=500):
        order = entry.order
        receipt = getattr(order, "receipt", None)
        cells = (
            timezone.localtime(entry.created_at, timezone.get_default_timezone()).isoformat(timespec="seconds"),
            str(entry.pk), entry.kind, entry.source, entry.target, str(money.to_major(entry.amount, entry.currency)),
            entry.currency, str(order.pk), receipt.formatted_number if receipt else "", order.course_title,
            order.user.full_name, entry.actor.full_name if entry.actor else "",
        )  # fmt: skip
        yield writer.writerow([as_text(cell) for cell in cells])
