"""Register the personal data of instructors."""

from typing import Any

from accounts.models import User
from accounts.registry import PersonalData, personal_data
from instructors.models import Instructor


def export(user: User) -> dict[str, Any] | None:
    """Return a user's public profile, or None. One query."""
    profile = Instructor.objects.filter(user=user).values("title", "bio", "expertise", "created_at").first()
    return dict(profile) if profile else None


def forget(user: User) -> None:
    """Delete a user's public profile. Their courses remain, with a deleted user as instructor."""
    Instructor.objects.filter(user=user).delete()


personal_data.register("instructor", PersonalData(export, forget=forget))
