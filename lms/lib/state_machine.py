"""State machines as data: which operation a row allows in which state, and which states may follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from lms.lib.errors import DomainError

State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True)
class Refusal:
    """Why an operation may not start: the error's stable code, its sentence (lazily translated), its status."""

    code: str
    detail: Any
    status: int = HTTPStatus.CONFLICT

    def error(self, raises: type[DomainError]) -> DomainError:
        """Return the refusal as an app's domain error."""
        return raises(self.code, self.detail, status=self.status)


@dataclass(frozen=True)
class StateMachine(Generic[State]):
    """The operations of one model by name, each with its outcome for every state that it may find.

    An outcome is the tuple of states that may follow (the same state, where the operation writes without changing it),
    the empty tuple where the operation does nothing, or a `Refusal`. Services ask `check` with the row locked.
    """

    states: type[State]
    operations: Mapping[str, Mapping[State, tuple[State, ...] | Refusal]]

    def __post_init__(self) -> None:
        for operation, outcomes in self.operations.items():
            if set(outcomes) != set(self.states):
                raise ValueError(f"The operation {operation} does not name every state.")

    def refusal(self, operation: str, state: State) -> Refusal | None:
        """Return why the operation may not start in this state; None where it may."""
        outcome = self.operations[operation][state]
        return outcome if isinstance(outcome, Refusal) else None

    def check(self, operation: str, state: State, *, raises: type[DomainError]) -> bool:
        """Return whether the operation has anything to do in this state. Raises its refusal as `raises`."""
        outcome = self.operations[operation][state]
        if isinstance(outcome, Refusal):
            raise outcome.error(raises)
        return bool(outcome)
