"""Drawing pictures of images, and clearing up what nothing points at."""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from files import images
from files.models import File
from files.storage import UPLOADS, the_storage
from lms.platform.jobs import job

log = logging.getLogger(__name__)
# Longer than any upload lies in the storage before its row is there.
GRACE = timedelta(hours=1)
BATCH = 500


@job
def make_pictures(file_id: str) -> None:
    """Draw the small pictures of an image. A second run draws them over; of a deleted file there is nothing to draw."""
    file = File.objects.filter(pk=file_id).first()
    if file is None or not file.widths:
        return
    storage = the_storage()
    try:
        for width in file.widths:
            with storage.open(file.storage_path) as content:
                drawn = images.drawn(content, purpose=file.purpose, width=width)
            storage.delete(file.picture_path(width))
            storage.save(file.picture_path(width), ContentFile(drawn))
    except (OSError, ValueError, SyntaxError, images.Image.DecompressionBombWarning) as error:
        log.warning("no pictures of file %s: %s", file.pk, type(error).__name__)
        return
    File.objects.filter(pk=file.pk).update(pictures_made_at=timezone.now())


@job
def sweep_orphans() -> int:
    """Delete blobs that no row names, once they are an hour old; return how many (QUALITY F07)."""
    deleted = 0
    for keys in _batches(_old_blobs()):
        for key in set(keys) - _known(keys):
            the_storage().delete(key)
            deleted += 1
    if deleted:
        log.info("swept %d blobs that no file names", deleted)
    return deleted


def _old_blobs() -> Iterator[str]:
    limit = timezone.now() - GRACE
    for folder in (UPLOADS, "pictures"):
        yield from (key for key, written in the_storage().stored(folder) if written < limit)


def _known(keys: list[str]) -> set[str]:
    """Return the keys that belong to a file: its own, or those of its pictures. Two queries."""
    known = set(File.objects.filter(storage_path__in=keys).values_list("storage_path", flat=True))
    pictures = [key for key in keys if key.startswith("pictures/")]
    owners = {key: key.removeprefix("pictures/").partition("-")[0] for key in pictures}
    ids = {pk.hex for pk in File.objects.filter(pk__in=_ids(owners.values())).values_list("pk", flat=True)}
    return known | {key for key, owner in owners.items() if owner in ids}


def _ids(names: Iterable[str]) -> list[str]:
    return [name for name in names if len(name) == 32 and all(sign in "0123456789abcdef" for sign in name)]


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
