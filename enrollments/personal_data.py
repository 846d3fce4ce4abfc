"""What this app holds about a person, for their export; importing it registers it.

Whoever has an enrolment is never deleted, only made nobody: the foreign key protects them, so that totals stay.
"""

from typing import Any

from accounts import registry
from accounts.models import User
from enrollments.models import Enrollment, Review


def export(user: User) -> dict[str, Any]:
    """Return a user's enrolments and reviews. Two queries."""
    enrollments = Enrollment.objects.filter(user=user)
    reviews = Review.objects.filter(user=user)
    return {
        "enrollments": list(enrollments.values("course__title", "enrolled_at", "completed_at", "is_active")),
        "reviews": list(reviews.values("course__title", "rating", "comment", "created_at")),
    }


registry.register(registry.PersonalData("learning", export))
