"""Factory of assignments for tests."""

from decimal import Decimal
from typing import Any

from assignments import services
from assignments.models import Assignment
from courses.models import Course


def write_assignment(course: Course, points: int = 10, **fields: Any) -> Assignment:
    """Create a published assignment as the course's instructor."""
    fields = {"title": "Brew a pot", "description": "Brew **one** pot.", "is_published": True, **fields}
    return services.create_assignment(actor=course.instructor, course=course, points_possible=Decimal(points), **fields)
