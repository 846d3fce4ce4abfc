"""What this app holds about a person, for their export and for when they leave; importing it registers it."""

from typing import Any

from accounts import registry
from accounts.models import User
from instructors.models import Instructor


def export(user: User) -> dict[str, Any] | None:
    """Return a user's public profile, None without one. One query."""
    profile = Instructor.objects.filter(user=user).values("title", "bio", "expertise", "created_at").first()
    return dict(profile) if profile else None


def forget(user: User) -> None:
    """Take away what somebody said of themselves; their courses stay, by a deleted user."""
    Instructor.objects.filter(user=user).delete()


registry.register(registry.PersonalData("instructor", export, forget=forget))
