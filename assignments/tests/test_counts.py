"""Query counts of lists of assignments and submissions, with 2 and 20 rows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from assignments import submissions
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments.models import Enrollment
from files.tests.samples import PDF, upload
from lms.tests.test_query_counts import queries_of
from tools.testing.plugin import make_user


@pytest.mark.django_db
def test_the_query_count_of_lists_does_not_grow_with_the_rows(
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
    counts_by_size: list[dict[str, int]] = []
    for size in (2, 20):
        for number in range(len(counts_by_size) * 2, size):
            student = Enrollment.objects.create(user=make_user(f"Student{number}"), course=course)
            submissions.submit(actor=student.user, assignment=task, uploads=[upload("a.pdf", PDF)])
            write_assignment(course, title=f"Task {number}")
        counts_by_size.append({path: len(queries_of(client, path)) for path, (client, _limit) in lists.items()})
    assert counts_by_size[0] == counts_by_size[1]
    assert {
        path: counts_by_size[1][path] for path, (_client, limit) in lists.items() if counts_by_size[1][path] > limit
    } == {}
