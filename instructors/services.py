"""Services that change instructor profiles."""

from typing import Any

from django.db import transaction

from accounts.models import User
from core.audit.entries import record
from instructors.models import Instructor


@transaction.atomic
def update_profile(*, actor: User, changes: dict[str, Any]) -> Instructor:
    """Change the actor's own public profile and return it; create it if it is missing."""
    profile, _created = Instructor.objects.select_for_update(of=("self",)).get_or_create(user=actor)
    for field, value in changes.items():
        setattr(profile, field, value)
    profile.full_clean(exclude=["user"])
    profile.save()
    record(actor=actor, action="instructors.profile_changed", target=profile, changes={"fields": sorted(changes)})
    return profile
