"""Registries for apps above accounts: personal data, checks before an account is closed, hints for registration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from core.registry import Registry


def _never_retained(user: User) -> bool:
    return False


def _erase_nothing(user: User) -> None:
    return None


@dataclass(frozen=True)
class PersonalData:
    """The personal data of one app.

    `export` returns the data as JSON-serializable values. `must_stay` returns whether the user's row has to be retained
    because of the law or because other users' figures depend on it. `forget` removes what identifies the user from an
    account that is closed but whose row is retained. `forget_elsewhere` removes it from rows of other users, and from
    rows that refer to the address; it is called before the account is deleted or anonymized.
    """

    export: Callable[[User], Any]
    must_stay: Callable[[User], bool] = _never_retained
    forget: Callable[[User], None] = _erase_nothing
    forget_elsewhere: Callable[[User], None] = _erase_nothing


# Functions that raise DomainError (409) if a user's account cannot be closed yet.
closing_checks: Registry[Callable[[User], None]] = Registry("check before an account is closed")
personal_data: Registry[PersonalData] = Registry("personal data")


def must_stay(user: User) -> bool:
    """Return whether any app requires the user's row to be retained."""
    return any(part.must_stay(user) for part in personal_data)


def forget(user: User) -> None:
    """Remove what identifies the user from the data of every app."""
    for part in personal_data:
        part.forget(user)


def forget_elsewhere(user: User) -> None:
    """Remove what identifies the user from the rows of other users in every app."""
    for part in personal_data:
        part.forget_elsewhere(user)


def export(user: User) -> dict[str, Any]:
    """Return the personal data that every app holds about a user, by the app's name."""
    return {name: part.export(user) for name, part in sorted(personal_data.items())}


@dataclass(frozen=True)
class RegistrationHint:
    """What the page that a visitor wants to open says about them: a sentence, and values for the form."""

    text: str
    email: str = ""
    full_name: str = ""


# Returns the hint for the path of the page that follows a login or registration, or None.
registration_hints: Registry[Callable[[str], RegistrationHint | None]] = Registry("a hint for registration")


def find_registration_hint(path: str) -> RegistrationHint | None:
    """Return the first hint for the path of the page that follows a login or registration."""
    return next((hint for find in registration_hints if (hint := find(path)) is not None), None)
