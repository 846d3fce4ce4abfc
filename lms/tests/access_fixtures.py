"""Fixtures with the data of the access table, created once per test module.

A module that imports these fixtures also uses their users alice, bob, carol, dan and erin.
"""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role, User
from lms.tests.access_data import furnish
from tools.testing.module_data import ModuleData
from tools.testing.plugin import make_alice, make_user

World = ModuleData[tuple[dict[str, Any], dict[str, Any]]]


def made() -> tuple[dict[str, Any], dict[str, Any]]:
    """Create the users and the data; return the ids of the users, and the values of the table's placeholders."""
    cast = {"alice": make_alice(), "bob": make_user("Bob"), "carol": make_user("Carol")}
    cast |= {"dan": make_user("Dan", Role.ADMIN), "erin": make_user("Erin", Role.INSTRUCTOR)}
    return {name: user.pk for name, user in cast.items()}, furnish(cast)


@pytest.fixture(scope="module")
def the_world(module_data: Callable[..., World]) -> World:
    """Return the ids of the users and the values of the placeholders, with their files."""
    return module_data(made)


def everybody(the_world: World) -> dict[str, User | None]:
    """Return the users of the table's columns, read from the database."""
    ids, _values = the_world.objects
    users = User.objects.in_bulk(ids.values())
    return {"visitor": None, **{name: users[pk] for name, pk in ids.items()}}


@pytest.fixture
def people(the_world: World, db: None) -> dict[str, User | None]:
    """Return the users of the table's columns."""
    return everybody(the_world)


@pytest.fixture
def values(the_world: World, db: None) -> dict[str, Any]:
    """Return the values of the table's placeholders."""
    the_world.copy_files()
    return dict(the_world.objects[1])


@pytest.fixture
def alice(people: dict[str, Any]) -> User:
    """Return the instructor of the course of the table."""
    return people["alice"]


@pytest.fixture
def bob(people: dict[str, Any]) -> User:
    """Return a student of the course."""
    return people["bob"]


@pytest.fixture
def carol(people: dict[str, Any]) -> User:
    """Return a student without enrollments."""
    return people["carol"]


@pytest.fixture
def dan(people: dict[str, Any]) -> User:
    """Return a staff user."""
    return people["dan"]


@pytest.fixture
def erin(people: dict[str, Any]) -> User:
    """Return the instructor of another course."""
    return people["erin"]
