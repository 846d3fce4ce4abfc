"""A migration operation that creates many new tables at once."""

from collections.abc import Sequence
from typing import Any

from django.db.migrations import operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class MakeTogether(Operation):
    """Create the tables of new models as they are after all of `steps`.

    The steps are CreateModel operations and changes to the models that they create.

    Django renders all related models again at every operation. For the 59 models of dj-stripe this was half of the time
    that a new database takes; here they are rendered once. All models have to be new in the migration.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, steps: Sequence[Operation]) -> None:
        self.steps = list(steps)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return the operation's name and arguments for the migration writer."""
        return type(self).__name__, [self.steps], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Apply every step to the state, whose rendered models are dropped first: each step would render them again."""
        state.__dict__.pop("apps", None)
        for step in self.steps:
            step.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Create each table."""
        for name in self._models():
            model = to_state.apps.get_model(app_label, name)
            if self.allow_migrate_model(schema_editor.connection.alias, model):
                schema_editor.create_model(model)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop each table."""
        for name in reversed(self._models()):
            model = from_state.apps.get_model(app_label, name)
            if self.allow_migrate_model(schema_editor.connection.alias, model):
                schema_editor.delete_model(model)

    def describe(self) -> str:
        return f"Make {len(self._models())} tables together"

    def _models(self) -> list[str]:
        """Return the names of the models that the steps create, in their order."""
        return [step.name for step in self.steps if isinstance(step, operations.CreateModel)]
