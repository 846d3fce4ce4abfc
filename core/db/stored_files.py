"""Files that tasks store for a row."""

from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile


def put_in_place(field_file: FieldFile, name: str, content: bytes) -> None:
    """Store a row's file under `name`; the caller saves the row.

    A file of this name that no row refers to was left by a worker that died, and is replaced.
    """
    orphan = field_file.field.generate_filename(field_file.instance, name)
    if field_file.storage.exists(orphan):
        field_file.storage.delete(orphan)
    field_file.save(name, ContentFile(content), save=False)
