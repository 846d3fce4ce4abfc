"""Who may read, write and upload files: said by the apps that own what the files hang on, never here.

Each app registers its rules in `AppConfig.ready()`. A rule takes a user, who may be anonymous, and returns which files
of one purpose they concern; what no rule names, nobody but an admin may touch (QUALITY F01).
"""

import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db.models import Q

Rule = Callable[[Any], Q]
# Raises Http404 or PermissionDenied unless this user may upload for this course or assignment.
Door = Callable[[Any, uuid.UUID | None, uuid.UUID | None], None]

readers: defaultdict[str, list[Rule]] = defaultdict(list)
writers: defaultdict[str, list[Rule]] = defaultdict(list)
pictures: defaultdict[str, list[Rule]] = defaultdict(list)
doors: dict[str, Door] = {}

NOTHING = Q(pk__in=[])


def readable(user: Any) -> Q:
    """Return which files `user` may read whole."""
    return _any(readers, user)


def writable(user: Any) -> Q:
    """Return which files `user` may delete."""
    return _any(writers, user)


def pictured(user: Any) -> Q:
    """Return of which files `user` may see the small pictures."""
    return _any(pictures, user)


def _any(rules: dict[str, list[Rule]], user: Any) -> Q:
    found = NOTHING
    for purpose, of_purpose in rules.items():
        for rule in of_purpose:
            found |= Q(purpose=purpose) & rule(user)
    return found
