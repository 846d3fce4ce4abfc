"""Services that upload and delete files."""

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
from core.audit.entries import record
from files import file_names, file_types, registry
from files.errors import FileError, errors_name
from files.models import Avatar, File, FileQuerySet, Purpose
from files.storage import STORAGE_ERRORS, file_storage, new_key
from files.tasks import make_thumbnails
from files.upload_handlers import QUOTA, quota_exceeded, storage_error

log = logging.getLogger(__name__)
UPLOAD_LIMIT = limits.Limit("upload", 30, timedelta(hours=1))


def upload(
    *,
    actor: User,
    content: UploadedFile,
    purpose: str,
    course_id: uuid.UUID | None = None,
    assignment_id: uuid.UUID | None = None,
) -> File:
    """Store an uploaded file and return it. The thumbnails of an image are rendered after the commit.

    The bytes are stored before the row is inserted. A crash in between leaves a blob without a row, which
    `tasks.sweep_orphans` deletes, and never a row without its bytes (quality row F07).

    Raises Http404 or PermissionDenied if `actor` may not upload for this purpose; FileError `unknown_purpose`,
    `image_too_large`, `empty` (400), `type_not_allowed` (415), `too_large` or `quota_exceeded` (413), `storage_full`
    (507), `storage_unavailable` (503); LimitError after 30 uploads an hour.

    An avatar replaces the profile picture of `actor`.
    """
    limits.spend(UPLOAD_LIMIT, account=str(actor.pk))
    check_upload_allowed(actor=actor, purpose=purpose, course_id=course_id, assignment_id=assignment_id)
    file = _store(actor=actor, content=content, purpose=purpose, course_id=course_id, assignment_id=assignment_id)
    if purpose == Purpose.AVATAR:
        _replace_avatar(actor, file)
    return file


def _store(
    *,
    actor: User,
    content: UploadedFile,
    purpose: str,
    course_id: uuid.UUID | None = None,
    assignment_id: uuid.UUID | None = None,
) -> File:
    """Store a file whose upload is allowed, and return it."""
    name = file_names.clean_name(content.name or "")
    extension = file_names.get_extension(name)
    size = content.size or 0
    with errors_name(name):
        file_type = file_types.detect_type(content, size=size, extension=extension, purpose=purpose)
        key = _save_blob(content, new_key(extension))
        file = File(
            purpose=purpose,
            original_filename=name,
            file_size=size,
            content_type=file_type.content_type,
            extension=extension,
            storage_provider=file_storage().provider,
            storage_path=key,
            uploaded_by=actor,
            course_id=course_id,
            assignment_id=assignment_id,
        )
        try:
            return insert_file(actor, file)
        except BaseException:
            discard_blobs([key])
            raise


def check_upload_allowed(
    *, actor: User, purpose: str, course_id: uuid.UUID | None, assignment_id: uuid.UUID | None
) -> None:
    """Raise Http404 or PermissionDenied unless `actor` may upload for this purpose.

    Raises FileError `unknown_purpose` (400) if no app has registered an upload check for the purpose.
    """
    check = registry.upload_checks.get(purpose)
    if check is None:
        raise FileError("unknown_purpose", _("Files can't be uploaded for this purpose."))
    check(actor, course_id, assignment_id)


def _save_blob(content: UploadedFile, key: str) -> str:
    """Write the bytes to the storage and return their key. Raises FileError if the storage fails."""
    content.seek(0)
    try:
        return file_storage().save(key, content)
    except STORAGE_ERRORS as error:
        log.warning("could not store an upload: %s", type(error).__name__)
        raise storage_error(error) from error


@transaction.atomic
def insert_file(actor: User, file: File) -> File:
    """Insert the row. The uploader's row is locked, so that concurrent uploads cannot exceed the quota together."""
    User.objects.get_queryset().select_for_update().get(pk=actor.pk)
    if FileQuerySet(File).total_size(actor) + file.file_size > QUOTA:
        raise quota_exceeded()
    file.save(force_insert=True)
    changes = {"name": file.original_filename, "bytes": file.file_size, "purpose": file.purpose}
    record(actor=actor, action="files.uploaded", target=file, changes=changes)
    if file.thumbnail_widths:
        make_thumbnails.delay_on_commit(str(file.pk))
    return file


@transaction.atomic
def delete(*, actor: Any, file: File) -> None:
    """Delete a file, and its bytes after the commit. Raises FileError `file_in_use` (409) while an object uses it."""
    blobs = [file.storage_path, *(file.thumbnail_path(width) for width in file.thumbnail_widths)]
    try:
        with transaction.atomic():
            File.objects.get(pk=file.pk).delete()
    except ProtectedError as error:
        detail = _("This file is in use. Remove it where it is used, then delete it.")
        raise FileError("file_in_use", detail, status=409) from error
    record(actor=actor, action="files.deleted", target=file, changes={"name": file.original_filename})
    transaction.on_commit(partial(discard_blobs, blobs))


def discard_blobs(keys: list[str]) -> None:
    """Delete blobs. If the storage is down, `tasks.sweep_orphans` deletes the remaining ones later."""
    for key in keys:
        try:
            file_storage().delete(key)
        except STORAGE_ERRORS as error:
            log.warning("could not delete blob %s: %s", key, type(error).__name__)


def set_avatar(*, actor: User, content: UploadedFile) -> File:
    """Replace the profile picture of `actor` by an upload and return the new file. Raises the errors of `upload`."""
    return upload(actor=actor, content=content, purpose=Purpose.AVATAR)


@transaction.atomic
def _replace_avatar(actor: User, file: File) -> None:
    User.objects.get_queryset().select_for_update().get(pk=actor.pk)
    previous = Avatar.objects.filter(user=actor).select_related("file").first()
    Avatar.objects.update_or_create(user=actor, defaults={"file": file})
    if previous is not None:
        delete(actor=actor, file=previous.file)


@transaction.atomic
def remove_avatar(*, actor: Any, user: User) -> None:
    """Delete a user's profile picture. Idempotent."""
    for file in File.objects.filter(uploaded_by=user, purpose=Purpose.AVATAR):
        delete(actor=actor, file=file)
