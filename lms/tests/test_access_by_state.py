"""The access table for a student whose enrollments ended.

A former instructor is tested in `test_ended_roles.py`, staff without the second factor in `test_limited_logins.py`.
"""

import re
from typing import Any

import pytest

from accounts.models import User
from enrollments.models import Enrollment
from lms.tests.access_fixtures import alice, bob, carol, dan, erin, people, the_world, values
from lms.tests.access_table import PEOPLE, rows
from lms.tests.test_access import ask, body_of, client_for

__all__ = ["alice", "bob", "carol", "dan", "erin", "people", "the_world", "values"]  # fixtures

pytestmark = pytest.mark.quality("X01")

# What belongs to the person and not to the enrollment stays readable, but nothing of it can be continued.
OWN = re.compile(
    r"{(session|certificate|order|payment|intent|submission|done|bob)}"
    r"|/notifications/1|^/api/v1/enrollments/{enrollment}|generate/{enrollment}|/{done_course}/reviews/"
)
ENDED = {
    ("POST", "/api/v1/courses/{course}/reviews/"),
    ("PUT", "/api/v1/courses/{done_course}/reviews/{review}"),
    ("PATCH", "/api/v1/courses/{done_course}/reviews/{review}"),
    ("PUT", "/api/v1/enrollments/{enrollment}/progress"),
    ("PATCH", "/api/v1/enrollments/{enrollment}/progress"),
}
BOB, CAROL = PEOPLE.index("bob"), PEOPLE.index("carol")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [row for row in rows() if row[2][BOB] != row[2][CAROL]],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_former_student_keeps_their_own_records_and_gets_the_rest_of_a_stranger(
    method: str, path: str, expected: list[int], bob: User, values: dict[str, Any]
) -> None:
    Enrollment.objects.filter(user=bob).update(is_active=False)
    address = path.format(**values)
    status = ask(client_for(address, bob), method, address, body_of(method, path, values))
    if (method, path) in ENDED:
        assert status == 409
    elif OWN.search(path):
        assert status == expected[BOB]
    else:
        assert status == expected[CAROL]
