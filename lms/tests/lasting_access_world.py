"""The world that the access table speaks of, made once for the tests of a module.

A module that imports these fixtures has its cast from there, too.
"""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role, User
from lms.testing.lasting import Lasting
from lms.testing.plugin import make_alice, person
from lms.tests.access_world import furnish

World = Lasting[tuple[dict[str, Any], dict[str, Any]]]


def made() -> tuple[dict[str, Any], dict[str, Any]]:
    """Make everybody and everything; return everybody's id, and what the table's placeholders stand for."""
    cast = {"alice": make_alice(), "bob": person("Bob"), "carol": person("Carol")}
    cast |= {"dan": person("Dan", Role.ADMIN), "erin": person("Erin", Role.INSTRUCTOR)}
    return {name: user.pk for name, user in cast.items()}, furnish(cast)


@pytest.fixture(scope="module")
def the_world(lasting: Callable[..., World]) -> World:
    """Everybody's ids and what stands for the placeholders, with the files of both."""
    return lasting(made)


def everybody(the_world: World) -> dict[str, User | None]:
    """Return who stands in the table's columns, as the database has them."""
    ids, _values = the_world.made
    users = User.objects.in_bulk(ids.values())
    return {"visitor": None, **{name: users[pk] for name, pk in ids.items()}}


@pytest.fixture
def people(the_world: World, db: None) -> dict[str, User | None]:
    """Who stands in the table's columns."""
    return everybody(the_world)


@pytest.fixture
def values(the_world: World, db: None) -> dict[str, Any]:
    """What the table's placeholders stand for."""
    the_world.lay_out_files()
    return dict(the_world.made[1])


@pytest.fixture
def alice(people: dict[str, Any]) -> User:
    """Teaches the course of the table."""
    return people["alice"]


@pytest.fixture
def bob(people: dict[str, Any]) -> User:
    """Is enrolled in it."""
    return people["bob"]


@pytest.fixture
def carol(people: dict[str, Any]) -> User:
    """Is a student of nothing."""
    return people["carol"]


@pytest.fixture
def dan(people: dict[str, Any]) -> User:
    """Is staff."""
    return people["dan"]


@pytest.fixture
def erin(people: dict[str, Any]) -> User:
    """Teaches something else."""
    return people["erin"]
