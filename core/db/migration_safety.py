"""A check that a migration can run while the previous version still serves requests (expand and contract).

During an upgrade both versions use the database: one release adds a column, the next stops using the old one, the one
after removes it. What the previous version reads must exist, and what it writes must be accepted. A migration that
removes something on purpose sets `contracts` to the reason why no version uses it anymore.
"""

from typing import Any

from django.db import migrations
from django.db.models import Field, ManyToManyField
from django.db.models.fields import NOT_PROVIDED

REMOVALS = (migrations.RemoveField, migrations.DeleteModel)
RENAMES = (migrations.RenameField, migrations.RenameModel, migrations.AlterModelTable)


def faults(migration: Any) -> list[str]:
    """Return a sentence for each operation that breaks the previous version; none for a migration with `contracts`."""
    if getattr(migration, "contracts", ""):
        return []
    operations = migration.operations
    created = {one.name_lower for one in operations if isinstance(one, migrations.CreateModel)}
    return [text for operation in operations if (text := _fault(operation, created))]


def _fault(operation: Any, created: set[str]) -> str:
    """Return what one operation breaks, or an empty text. Changes to tables created by the migration are safe."""
    if getattr(operation, "model_name_lower", "") in created:
        return ""
    if isinstance(operation, RENAMES):
        return f"{operation.describe()}: the previous version uses the old name. Add a new one, copy, and remove later."
    if isinstance(operation, REMOVALS):
        return (
            f"{operation.describe()}: the previous version still uses it. Stop using it; remove it in a later release."
        )
    if isinstance(operation, migrations.AddField) and _is_required_on_insert(operation.field):
        return f"{operation.describe()}: the previous version inserts rows without it. Set db_default, or allow null."
    return ""


def _is_required_on_insert(field: Field[Any, Any]) -> bool:
    """Return whether an INSERT that does not name the column fails."""
    return not (field.null or field.primary_key or isinstance(field, ManyToManyField)) and (
        field.db_default is NOT_PROVIDED
    )
