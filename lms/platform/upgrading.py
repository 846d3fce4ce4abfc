"""Whether a migration can run while the version before it still serves (expand and contract).

During an upgrade both versions use the database. So one release adds, the next stops using, the one after takes away:
what the old version reads must stay, and what it writes must still be taken. Steps that are meant to contract say so:
`contracts = "why nothing uses it any more"` in the migration.
"""

from typing import Any

from django.db import migrations
from django.db.models import Field, ManyToManyField
from django.db.models.fields import NOT_PROVIDED

TAKES_AWAY = (migrations.RemoveField, migrations.DeleteModel)
RENAMES = (migrations.RenameField, migrations.RenameModel, migrations.AlterModelTable)


def faults(migration: Any) -> list[str]:
    """Return what of a migration the version before it would not survive, in words; nothing for one that says why it
    contracts."""
    if getattr(migration, "contracts", ""):
        return []
    made = {operation.name_lower for operation in migration.operations if isinstance(operation, migrations.CreateModel)}
    return [text for operation in migration.operations if (text := _fault(operation, made))]


def _fault(operation: Any, made: set[str]) -> str:
    """Return what is wrong with one operation; what happens to a table that this migration makes is nobody's loss."""
    if getattr(operation, "model_name_lower", "") in made:
        return ""
    if isinstance(operation, RENAMES):
        return f"{operation.describe()}: the old version asks for the old name. Add a new one, copy, and remove later."
    if isinstance(operation, TAKES_AWAY):
        return f"{operation.describe()}: the old version still asks for it. Stop using it, then remove it."
    if isinstance(operation, migrations.AddField) and _must_be_given(operation.field):
        return f"{operation.describe()}: the old version inserts rows without it. Give it db_default, or allow null."
    return ""


def _must_be_given(field: Field[Any, Any]) -> bool:
    """Return whether an INSERT that does not name the column fails."""
    return not (field.null or field.primary_key or isinstance(field, ManyToManyField)) and (
        field.db_default is NOT_PROVIDED
    )
