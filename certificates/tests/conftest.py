"""Fixtures of the certificate tests."""

from collections.abc import Callable

import pytest

from certificates.models import Certificate
from enrollments.models import Enrollment
from tools.testing.plugin import complete_all_lessons


@pytest.fixture
def certificate(enrollment: Enrollment, django_capture_on_commit_callbacks: Callable) -> Certificate:
    """Bob's certificate for Alice's course, with its PDF."""
    with django_capture_on_commit_callbacks(execute=True):
        complete_all_lessons(enrollment)
    return Certificate.objects.get()
