"""During an upgrade the version before serves on what the next one has migrated: what the linter of migrations lets
through it does not notice, and what the linter refuses it would not survive (docs/operations.md)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, migrations, models, transaction
from django.db.migrations.state import ProjectState
from django.db.utils import DatabaseError

from accounts.models import User
from courses.models import Course
from lms.platform.upgrading import faults

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.postgres,
]  # a test is one transaction, in which SQLite changes no table
EXPAND = (
    migrations.AddField("course", "mood", models.CharField(max_length=9, null=True)),
    migrations.AddField("course", "stars", models.IntegerField(db_default=0)),
    migrations.AddIndex("course", models.Index(fields=["stars"], name="course_stars")),
    migrations.CreateModel("Room", [("id", models.AutoField(primary_key=True))]),
)


@contextmanager
def migrated(*operations: Any) -> Iterator[None]:
    """The next version's migration has run; the code is still this one's."""
    connection.check_constraints()  # a table with a check that waits takes no new column
    state = ProjectState.from_apps(apps)
    with connection.schema_editor() as editor:
        for operation in operations:
            before = state.clone()
            operation.state_forwards("courses", state)
            operation.database_forwards("courses", editor, before, state)
    yield


def walk(author: Any) -> list[int]:
    """Make, change, list and delete a course, as this version does."""
    made = author.post("/api/v1/courses/", {"title": "Tisanes"})
    one = f"/api/v1/courses/{made.json()['id']}"
    changed = author.patch(one, {"title": "Infusions"})
    listed = author.get("/api/v1/courses/")
    return [made.status_code, changed.status_code, listed.status_code, author.delete(one).status_code]


def test_this_version_serves_on_a_database_that_the_next_one_has_expanded(
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
    ids=["a column that has to be given", "a column removed", "a column renamed"],
)
def test_what_the_linter_refuses_this_version_would_not_survive(operation: Any, alice: User, course: Course) -> None:
    assert faults(type("Migration", (migrations.Migration,), {"operations": [operation]}))
    with migrated(operation), pytest.raises(DatabaseError), transaction.atomic():
        Course.objects.create(title="Tisanes", slug="tisanes", instructor=alice)
