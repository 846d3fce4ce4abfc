"""Taking files in, and deleting them."""

import logging
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import User
from files import kinds, names, registry
from files.errors import FileError, errors_name
from files.models import Avatar, File, FileQuerySet, Purpose
from files.storage import STORAGE_ERRORS, new_key, the_storage
from files.tasks import make_pictures
from files.uploading import QUOTA, quota_exceeded, storage_error
from lms.platform.audit import record

log = logging.getLogger(__name__)
UPLOADS = limits.Limit("upload", 30, timedelta(hours=1))


def upload(
    *,
    actor: User,
    content: UploadedFile,
    purpose: str,
    course_id: uuid.UUID | None = None,
    assignment_id: uuid.UUID | None = None,
) -> File:
    """Take a file in; return it. Pictures of an image are made after the commit.

    The bytes are stored first and the row is written last: a crash in between leaves bytes that nobody knows, which
    `tasks.sweep_orphans` deletes, and never a row without its bytes (QUALITY F07). Raises Http404 or PermissionDenied
    for somebody who may not upload this; FileError `type_not_allowed` (415), `too_large` or `quota_exceeded` (413),
    `image_too_large`, `empty` (400), `storage_full` (507), `storage_unavailable` (503); LimitError after 30 an hour.
    """
    limits.spend(UPLOADS, account=str(actor.pk))
    ask_at_the_door(actor=actor, purpose=purpose, course_id=course_id, assignment_id=assignment_id)
    name = names.cleaned(content.name or "")
    extension = names.extension_of(name)
    size = content.size or 0
    with errors_name(name):
        kind = kinds.examine(content, size=size, extension=extension, purpose=purpose)
        key = _stored(content, new_key(extension))
        file = File(
            purpose=purpose,
            original_filename=name,
            file_size=size,
            content_type=kind.content_type,
            extension=extension,
            storage_provider=the_storage().provider,
            storage_path=key,
            uploaded_by=actor,
            course_id=course_id,
            assignment_id=assignment_id,
        )
        try:
            return _kept(actor, file)
        except BaseException:
            discard_blobs([key])
            raise


def ask_at_the_door(*, actor: User, purpose: str, course_id: uuid.UUID | None, assignment_id: uuid.UUID | None) -> None:
    """Raise Http404 or PermissionDenied unless `actor` may upload for this; FileError `unknown_purpose` (400)."""
    door = registry.doors.get(purpose)
    if door is None:
        raise FileError("unknown_purpose", _("Files of this purpose are not taken."))
    door(actor, course_id, assignment_id)


def _stored(content: UploadedFile, key: str) -> str:
    """Write the bytes; return the key that they lie under. Raises FileError when the storage does not take them."""
    content.seek(0)
    try:
        return the_storage().save(key, content)
    except STORAGE_ERRORS as error:
        log.warning("the storage did not take a file: %s", type(error).__name__)
        raise storage_error(error) from error


@transaction.atomic
def _kept(actor: User, file: File) -> File:
    """Write the row. The uploader's row is locked, so that of many uploads at once no two count the same room."""
    User.objects.get_queryset().select_for_update().get(pk=actor.pk)
    if FileQuerySet(File).bytes_of(actor) + file.file_size > QUOTA:
        raise quota_exceeded()
    file.save(force_insert=True)
    changes = {"name": file.original_filename, "bytes": file.file_size, "purpose": file.purpose}
    record(actor=actor, action="files.uploaded", target=file, changes=changes)
    if file.widths:
        make_pictures.delay_on_commit(str(file.pk))
    return file


@transaction.atomic
def delete(*, actor: Any, file: File) -> None:
    """Delete a file, and its bytes after the commit. Raises FileError `file_in_use` (409) while something shows it."""
    blobs = [file.storage_path, *(file.picture_path(width) for width in file.widths)]
    try:
        with transaction.atomic():
            File.objects.get(pk=file.pk).delete()
    except ProtectedError as error:
        said = _("This file is still shown somewhere. Take it out there first.")
        raise FileError("file_in_use", said, status=409) from error
    record(actor=actor, action="files.deleted", target=file, changes={"name": file.original_filename})
    transaction.on_commit(partial(discard_blobs, blobs))


def discard_blobs(keys: list[str]) -> None:
    """Delete blobs. What a storage that is down keeps, the sweep deletes later."""
    for key in keys:
        try:
            the_storage().delete(key)
        except STORAGE_ERRORS as error:
            log.warning("the storage kept %s: %s", key, type(error).__name__)


def set_avatar(*, actor: User, content: UploadedFile) -> File:
    """Make an upload the picture of `actor`, in place of the one before; return it. Raises as `upload`."""
    file = upload(actor=actor, content=content, purpose=Purpose.AVATAR)
    with transaction.atomic():
        User.objects.get_queryset().select_for_update().get(pk=actor.pk)
        before = Avatar.objects.filter(user=actor).select_related("file").first()
        Avatar.objects.update_or_create(user=actor, defaults={"file": file})
        if before is not None:
            delete(actor=actor, file=before.file)
    return file


@transaction.atomic
def remove_avatar(*, actor: Any, user: User) -> None:
    """Take a person's picture away. A repeat changes nothing."""
    for file in File.objects.filter(uploaded_by=user, purpose=Purpose.AVATAR):
        delete(actor=actor, file=file)
