"""Access rules for avatars, and the personal data in uploads."""

import uuid
from typing import Any

from django.db.models import Q

from accounts.models import User
from accounts.registry import PersonalData, personal_data
from files import registry, services
from files.models import File, Purpose
from files.registry import FileAccess


def _all_files(user: Any) -> Q:
    return Q()


def _allow_upload(actor: Any, course_id: uuid.UUID | None, assignment_id: uuid.UUID | None) -> None:
    return None


def _export(user: User) -> list[Any]:
    """Return the uploads of a user. One query."""
    files = File.objects.filter(uploaded_by=user)
    return list(files.values("original_filename", "purpose", "file_size", "content_type", "created_at"))


def _must_stay(user: User) -> bool:
    """Return whether other users may read files that this user uploaded."""
    return File.objects.filter(uploaded_by=user).exclude(purpose=Purpose.AVATAR).exists()


def _forget(user: User) -> None:
    services.remove_avatar(actor=None, user=user)


registry.access.register(
    "avatars", FileAccess(Purpose.AVATAR, registry.owned_by, registry.owned_by, thumbnail=_all_files)
)
registry.upload_checks.register(Purpose.AVATAR, _allow_upload)
personal_data.register("files", PersonalData(_export, _must_stay, _forget))
