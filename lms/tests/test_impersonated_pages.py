"""No page and no resource of the API writes a row when staff read it as another user (quality row V16)."""

from typing import Any

import pytest

from lms.tests.access_fixtures import alice, bob, carol, dan, erin, people, the_world, values
from lms.tests.access_table import rows
from lms.tests.test_safe_methods import database_digest, impersonating

__all__ = ["alice", "bob", "carol", "dan", "erin", "people", "the_world", "values"]  # fixtures

READ_PATHS = sorted({path for method, path, _statuses in rows() if method == "GET"})


@pytest.mark.long
@pytest.mark.quality("V16")
@pytest.mark.parametrize("name", ["bob", "alice"])
def test_no_page_and_no_api_resource_writes_a_row(name: str, people: dict[str, Any], values: dict[str, Any]) -> None:
    client = impersonating(people["dan"], people[name])
    client.get("/")  # creates the row of the site settings
    before = database_digest()
    statuses = [client.get(path.format(**values)).status_code for path in READ_PATHS]
    after = database_digest()
    assert statuses.count(200) > 50
    assert {table for table in before if before[table] != after[table]} == set()
