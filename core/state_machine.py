"""State machines as data: the operations that a row permits in each state, and the states that may follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from core.http.errors import DomainError

State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True)
class Refusal:
    """The error of an operation that a state does not permit: its stable code, its lazy sentence, its HTTP status."""

    code: str
    detail: Any
    status: int = HTTPStatus.CONFLICT

    def error(self, raises: type[DomainError]) -> DomainError:
        """Return the refusal as an app's domain error."""
        return raises(self.code, self.detail, status=self.status)


@dataclass(frozen=True)
class StateMachine(Generic[State]):
    """The operations of one model by name, each with its outcome in every state.

    An outcome is the tuple of states that may follow (the same state if the operation writes without changing it), the
    empty tuple if the operation has no effect, or a `Refusal`. Services call `check` with the row locked.
    """

    states: type[State]
    operations: Mapping[str, Mapping[State, tuple[State, ...] | Refusal]]

    def __post_init__(self) -> None:
        for operation, outcomes in self.operations.items():
            if set(outcomes) != set(self.states):
                raise ValueError(f"The operation {operation} does not name every state.")

    def refusal(self, operation: str, state: State) -> Refusal | None:
        """Return the refusal of the operation in this state, or None."""
        outcome = self.operations[operation][state]
        return outcome if isinstance(outcome, Refusal) else None

    def check(self, operation: str, state: State, *, raises: type[DomainError]) -> bool:
        """Return whether the operation has an effect in this state; raise its refusal as `raises`."""
        outcome = self.operations[operation][state]
        if isinstance(outcome, Refusal):
            raise outcome.error(raises)
        return bool(outcome)
