"""Lists of assignments and submissions cost the same number of queries for 2 rows and for 20."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from assignments import handing_in
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments.models import Enrollment
from files.tests.samples import PDF, upload
from lms.testing.plugin import person
from lms.tests.test_query_counts import queries_of


@pytest.mark.django_db
def test_no_list_of_work_asks_more_for_twenty_rows_than_for_two(
    course: Course, alice: User, browser_of: Callable[[Any], Client], api_of: Callable[[Any], APIClient]
) -> None:
    task = write_assignment(course)
    lists: dict[str, tuple[Client, int]] = {
        "/teach/grading/": (browser_of(alice), 9),
        "/teach/courses/tea/assignments/": (browser_of(alice), 9),
        "/api/v1/assignments/": (api_of(alice), 6),
        f"/api/v1/assignments/{task.pk}/submissions": (api_of(alice), 9),
        "/api/v1/assignments/submissions/": (api_of(alice), 7),
    }
    counted: list[dict[str, int]] = []
    for size in (2, 20):
        for number in range(len(counted) * 2, size):
            student = Enrollment.objects.create(user=person(f"Student{number}"), course=course)
            handing_in.submit(actor=student.user, assignment=task, uploads=[upload("a.pdf", PDF)])
            write_assignment(course, title=f"Task {number}")
        counted.append({path: len(queries_of(client, path)) for path, (client, _most) in lists.items()})
    assert counted[0] == counted[1]
    assert {path: counted[1][path] for path, (_client, most) in lists.items() if counted[1][path] > most} == {}
