"""What analytics hears from the apps below."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from analytics.noting import notebook
from enrollments.signals import learned


@receiver(learned, dispatch_uid="analytics.activity")
def note_activity(sender: Any, user_id: UUID, course_id: UUID, **kwargs: Any) -> None:
    """Note that somebody learns. No query."""
    notebook.note(user_id, course_id)
