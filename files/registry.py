"""Access to files, decided by the apps that own what a file is attached to.

Each app registers its rules in `integrations.py`. A rule takes a user, who may be anonymous, and returns the files of
one purpose that it grants. A file that no rule grants is for admins only (quality row F01).
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from core.registry import Registry

NO_FILES = Q(pk__in=[])
Rule = Callable[[Any], Q]
# Raises Http404 or PermissionDenied unless the user may upload for this course or assignment.
UploadCheck = Callable[[Any, uuid.UUID | None, uuid.UUID | None], None]


def _grant_no_files(user: Any) -> Q:
    return NO_FILES


@dataclass(frozen=True)
class FileAccess:
    """The files of one purpose that an app grants: to read whole, to delete, and to see as a thumbnail."""

    purpose: str
    read: Rule = _grant_no_files
    write: Rule = _grant_no_files
    thumbnail: Rule = _grant_no_files


access: Registry[FileAccess] = Registry("access to files")
upload_checks: Registry[UploadCheck] = Registry("an upload check")  # by purpose


def readable(user: Any) -> Q:
    """Return the files that `user` may read whole."""
    return _union((rules.purpose, rules.read(user)) for rules in access)


def writable(user: Any) -> Q:
    """Return the files that `user` may delete."""
    return _union((rules.purpose, rules.write(user)) for rules in access)


def thumbnail_visible(user: Any) -> Q:
    """Return the files whose thumbnails `user` may see."""
    return _union((rules.purpose, rules.thumbnail(user)) for rules in access)


def owned_by(user: Any) -> Q:
    """Return the files that `user` uploaded."""
    return Q(uploaded_by=user) if user.is_authenticated else NO_FILES


def _union(granted: Iterable[tuple[str, Q]]) -> Q:
    union = NO_FILES
    for purpose, files in granted:
        if files is not NO_FILES:
            union |= Q(purpose=purpose) & files
    return union
