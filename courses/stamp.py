"""The catalogue's stamp: a number that grows after every change of what visitors are shown.

A page that was made for visitors is good as long as the stamp stands (see `courses.public_pages`). It grows right after
the commit, in a statement of its own, so that nobody queues for its row while they enrol.
"""

from django.db import transaction
from django.db.models import F

from courses.models import CatalogueStamp


def catalogue_changed() -> None:
    """Let the stamp grow after this transaction commits; not at all when it is rolled back."""
    transaction.on_commit(_grow, robust=True)


def catalogue_stamp() -> int:
    """Return the stamp as it stands. One query."""
    return CatalogueStamp.objects.values_list("number", flat=True).filter(pk=1).first() or 0


def _grow() -> None:
    if not CatalogueStamp.objects.filter(pk=1).update(number=F("number") + 1):
        CatalogueStamp.objects.get_or_create(pk=1, defaults={"number": 1})
