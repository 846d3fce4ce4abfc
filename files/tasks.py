"""Tasks that render thumbnails and delete orphaned blobs."""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from core.jobs.job import job
from files import images
from files.models import THUMBNAIL_FOLDER, File
from files.storage import UPLOAD_FOLDER, file_storage

log = logging.getLogger(__name__)
# Longer than any upload takes between storing the bytes and committing the row.
GRACE = timedelta(hours=1)
BATCH = 500


@job("files.make_pictures")
def make_thumbnails(file_id: str) -> None:
    """Render the thumbnails of an image. Idempotent; ignores deleted files and other types."""
    file = File.objects.filter(pk=file_id).first()
    if file is None or not file.thumbnail_widths:
        return
    storage = file_storage()
    try:
        for width in file.thumbnail_widths:
            with storage.open(file.storage_path) as content:
                thumbnail = images.render_thumbnail(content, purpose=file.purpose, width=width)
            storage.delete(file.thumbnail_path(width))
            storage.save(file.thumbnail_path(width), ContentFile(thumbnail))
    except (OSError, ValueError, SyntaxError, images.Image.DecompressionBombWarning) as error:
        log.warning("could not render thumbnails of file %s: %s", file.pk, type(error).__name__)
        return
    File.objects.filter(pk=file.pk).update(pictures_made_at=timezone.now())


@job("files.sweep_orphans")
def sweep_orphans() -> int:
    """Delete blobs without a row that are older than an hour; return how many (quality row F07)."""
    deleted = 0
    for keys in _batches(_old_blobs()):
        for key in set(keys) - _keys_in_use(keys):
            file_storage().delete(key)
            deleted += 1
    if deleted:
        log.info("deleted %d orphaned blobs", deleted)
    return deleted


def _old_blobs() -> Iterator[str]:
    limit = timezone.now() - GRACE
    for folder in (UPLOAD_FOLDER, THUMBNAIL_FOLDER):
        yield from (key for key, modified in file_storage().list_blobs(folder) if modified < limit)


def _keys_in_use(keys: list[str]) -> set[str]:
    """Return the keys that belong to a file or to a thumbnail of one. Two queries."""
    uploads = set(File.objects.filter(storage_path__in=keys).values_list("storage_path", flat=True))
    prefix = f"{THUMBNAIL_FOLDER}/"
    owners = {key: key.removeprefix(prefix).partition("-")[0] for key in keys if key.startswith(prefix)}
    ids = {pk.hex for pk in File.objects.filter(pk__in=_valid_ids(owners.values())).values_list("pk", flat=True)}
    return uploads | {key for key, owner in owners.items() if owner in ids}


def _valid_ids(names: Iterable[str]) -> list[str]:
    return [name for name in names if len(name) == 32 and all(char in "0123456789abcdef" for char in name)]


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
