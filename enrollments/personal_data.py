"""What this app holds about a person, for their export; importing it registers it.

Whoever has an enrolment is never deleted, only made nobody: the foreign key protects them, so that totals stay.
"""

from typing import Any

from accounts import registry
from accounts.models import User
from enrollments.models import Enrollment, GradeEntry, Review


def export(user: User) -> dict[str, Any]:
    """Return a user's enrolments, grades and reviews. Three queries."""
    enrollments = Enrollment.objects.filter(user=user)
    reviews = Review.objects.filter(user=user)
    grades = GradeEntry.objects.filter(enrollment__user=user).order_by("id")
    return {
        "enrollments": list(enrollments.values("course__title", "enrolled_at", "completed_at", "is_active")),
        "grades": list(grades.values("item__title", "points", "is_excused", "reason", "created_at")),
        "reviews": list(reviews.values("course__title", "rating", "comment", "created_at")),
    }


registry.register(registry.PersonalData("learning", export))
