"""Tests for upgrades, during which the old version runs on the migrated database (docs/operations.md).

The old version must work after migrations that the linter accepts, and fail after those that it rejects.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, migrations, models, transaction
from django.db.migrations.state import ProjectState
from django.db.utils import DatabaseError

from accounts.models import User
from core.db.migration_safety import faults
from courses.models import Course

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.postgres,
]  # a test runs in a transaction, in which SQLite cannot alter tables
EXPAND = (
    migrations.AddField("course", "mood", models.CharField(max_length=9, null=True)),
    migrations.AddField("course", "stars", models.IntegerField(db_default=0)),
    migrations.AddIndex("course", models.Index(fields=["stars"], name="course_stars")),
    migrations.CreateModel("Room", [("id", models.AutoField(primary_key=True))]),
)


@contextmanager
def migrated(*operations: Any) -> Iterator[None]:
    """Apply migration operations of a later version to the database."""
    connection.check_constraints()  # a table with deferred constraint checks cannot be altered
    state = ProjectState.from_apps(apps)
    with connection.schema_editor() as editor:
        for operation in operations:
            before = state.clone()
            operation.state_forwards("courses", state)
            operation.database_forwards("courses", editor, before, state)
    yield


def walk(author: Any) -> list[int]:
    """Create, change, list and delete a course; return the status codes."""
    made = author.post("/api/v1/courses/", {"title": "Tisanes"})
    one = f"/api/v1/courses/{made.json()['id']}"
    changed = author.patch(one, {"title": "Infusions"})
    listed = author.get("/api/v1/courses/")
    return [made.status_code, changed.status_code, listed.status_code, author.delete(one).status_code]


def test_this_version_works_after_compatible_migrations(
    alice: User, course: Course, api_of: Callable[[User], Any]
) -> None:
    assert faults(type("Migration", (migrations.Migration,), {"operations": list(EXPAND)})) == []
    with migrated(*EXPAND):
        assert walk(api_of(alice)) == [201, 200, 200, 204]


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("course", "mood", models.CharField(max_length=9, default="calm")),
        migrations.RemoveField("course", "level"),
        migrations.RenameField("course", "level", "grade"),
    ],
    ids=["a required column", "a column removed", "a column renamed"],
)
def test_this_version_fails_after_migrations_that_the_linter_rejects(
    operation: Any, alice: User, course: Course
) -> None:
    assert faults(type("Migration", (migrations.Migration,), {"operations": [operation]}))
    with migrated(operation), pytest.raises(DatabaseError), transaction.atomic():
        Course.objects.create(title="Tisanes", slug="tisanes", instructor=alice)
