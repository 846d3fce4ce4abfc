"""Checks of services against the tables of states that they ask."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest

from core.http.errors import DomainError
from core.state_machine import Refusal, StateMachine


def every_case(machine: StateMachine[Any]) -> list[tuple[str, StrEnum]]:
    """Return every operation with every state: the parameters of a test that goes through the whole table."""
    return [(operation, state) for operation in machine.operations for state in machine.states]


def assert_follows(
    machine: StateMachine[Any], operation: str, state: StrEnum, act: Callable[[], Any], state_of: Callable[[], StrEnum]
) -> None:
    """Run a service on a row in `state`, and assert the outcome of the table; `state_of` reads the row again."""
    assert state_of() == state
    outcome = machine.operations[operation][state]
    if isinstance(outcome, Refusal):
        with pytest.raises(DomainError) as refused:
            act()
        assert (refused.value.code, refused.value.status) == (outcome.code, outcome.status)
        assert state_of() == state
    else:
        act()
        assert state_of() in (outcome or (state,))
