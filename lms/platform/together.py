"""A migration operation that makes many new tables at once."""

from collections.abc import Sequence
from typing import Any

from django.db.migrations import operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class MakeTogether(Operation):
    """Make the tables of new models as they are after all of `steps`, which create the models and add to them.

    Django renders its models anew at every operation, with all that they are related to: for the 59 models of dj-stripe
    that was half of the time that a new database takes. Here the models are rendered once. Only for models that are new
    in the migration; `steps` are CreateModel and what makes those complete.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, steps: Sequence[Operation]) -> None:
        self.steps = list(steps)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Return how to write the operation down."""
        return type(self).__name__, [self.steps], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Take every step in the state, after forgetting what is rendered of it: that would be done anew at each."""
        state.__dict__.pop("apps", None)
        for step in self.steps:
            step.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Make each table, whole."""
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
        """Say what it does."""
        return f"Make {len(self._models())} tables together"

    def _models(self) -> list[str]:
        """Return the names of the models that the steps create, in their order."""
        return [step.name for step in self.steps if isinstance(step, operations.CreateModel)]
