"""Who may read and delete the files that exports made; importing it registers the rules.

Nobody uploads files of this purpose: no door is registered for it.
"""

from typing import Any

from django.db.models import Q

from analytics.models import Export
from files import registry

PURPOSE = "export"


def _own(user: Any) -> Q:
    """Return the files of the exports that a person asked for, and may still see."""
    return Q(pk__in=Export.objects.visible_to(user).values("file")) if user.is_authenticated else registry.NOTHING


registry.readers[PURPOSE].append(_own)
registry.writers[PURPOSE].append(_own)
