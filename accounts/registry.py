"""What other apps keep about a person: each registers its own part, so that nothing here need know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import User


def _stays_for_nothing(user: User) -> bool:
    return False


def _forgets_nothing(user: User) -> None:
    return None


@dataclass(frozen=True)
class PersonalData:
    """One app's part: `export` gives what it holds as JSON can say it; `must_stay` says whether the law or somebody
    else's figures need its rows; `forget` takes out what names the person, when the account is closed all the same."""

    name: str
    export: Callable[[User], Any]
    must_stay: Callable[[User], bool] = _stays_for_nothing
    forget: Callable[[User], None] = _forgets_nothing


_parts: dict[str, PersonalData] = {}


def register(part: PersonalData) -> None:
    """Add an app's part; call it once, from the app's `ready`."""
    _parts[part.name] = part


def must_stay(user: User) -> bool:
    """Return whether any app needs the user's row."""
    return any(part.must_stay(user) for part in _parts.values())


def forget(user: User) -> None:
    """Have every app take out what names the user."""
    for part in _parts.values():
        part.forget(user)


def export(user: User) -> dict[str, Any]:
    """Return everything that every app holds about a user, by the name of its part."""
    return {name: part.export(user) for name, part in sorted(_parts.items())}
