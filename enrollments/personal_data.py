"""What this app holds about a person, for their export; importing it registers it.

Whoever has an enrolment is never deleted, only made nobody: the foreign key protects them, so that totals stay.
"""

from typing import Any

from accounts import registry
from accounts.models import User
from enrollments.models import Enrollment, GradeEntry, Review
from realtime.models import Event, Notification


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


def forget(user: User) -> None:
    """Take a person's name out of what their teachers were told of them; the enrolment says the rest. Two queries, and
    one for each course that they entered."""
    entered = [str(pk) for pk in Enrollment.objects.filter(user=user).values_list("pk", flat=True)]
    for told in Notification.objects.filter(event=Event.NEW_ENROLLMENT, payload__enrollment_id__in=entered):
        told.payload["student_name"] = user.full_name
        told.save(update_fields=["payload"])


registry.register(registry.PersonalData("learning", export, forget=forget))
