"""Files that tasks write and rows name."""

from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile


def put_in_place(field_file: FieldFile, name: str, content: bytes) -> None:
    """Store a row's file under `name`; the row itself is the caller's to save.

    A file of this name without a row that names it is what a worker left that died in between: it makes room, so that
    none is left lying about.
    """
    orphan = field_file.field.generate_filename(field_file.instance, name)
    if field_file.storage.exists(orphan):
        field_file.storage.delete(orphan)
    field_file.save(name, ContentFile(content), save=False)
