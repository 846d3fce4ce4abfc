"""Register the personal data in certificates. Certificates remain when an account is closed."""

from typing import Any

from accounts.models import User
from accounts.registry import PersonalData, personal_data
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


personal_data.register("certificates", PersonalData(export))
