"""Who may do what with the one kind of file that hangs on nobody else's row: the pictures of people.

Importing it registers the rules, and what the app keeps about a person.
"""

import uuid
from typing import Any

from django.db.models import Q

from accounts import registry as people
from accounts.models import User
from files import registry, services
from files.models import File, Purpose


def own(user: Any) -> Q:
    """Return the files that this person uploaded."""
    return Q(uploaded_by=user) if user.is_authenticated else registry.NOTHING


def _everybodys(user: Any) -> Q:
    return Q()


def _open_door(actor: Any, course_id: uuid.UUID | None, assignment_id: uuid.UUID | None) -> None:
    return None


def _export(user: User) -> list[Any]:
    """Return what a person has uploaded. One query."""
    files = File.objects.filter(uploaded_by=user)
    return list(files.values("original_filename", "purpose", "file_size", "content_type", "created_at"))


def _must_stay(user: User) -> bool:
    """Return whether somebody else reads what this person uploaded."""
    return File.objects.filter(uploaded_by=user).exclude(purpose=Purpose.AVATAR).exists()


def _forget(user: User) -> None:
    services.remove_avatar(actor=None, user=user)


registry.readers[Purpose.AVATAR].append(own)
registry.writers[Purpose.AVATAR].append(own)
registry.pictures[Purpose.AVATAR].append(_everybodys)
registry.doors[Purpose.AVATAR] = _open_door
people.register(people.PersonalData("files", _export, _must_stay, _forget))
