"""What this app holds about a person, for their export; importing it registers it.

Certificates stay: they were earned.
"""

from typing import Any

from accounts import registry
from accounts.models import User
from certificates.models import Certificate


def export(user: User) -> list[dict[str, Any]]:
    """Return a user's certificates. One query."""
    columns = (
        "certificate_number",
        "student_name",
        "course_title",
        "instructor_name",
        "completed_at",
        "issued_at",
        "revoked_at",
        "revoked_reason",
    )
    return list(Certificate.objects.filter(user=user).values(*columns))


registry.register(registry.PersonalData("certificates", export))
