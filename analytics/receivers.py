"""What analytics hears from the apps below."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.signals import account_deleted
from analytics.models import Departure
from analytics.noting import notebook
from enrollments.signals import learned


@receiver(learned, dispatch_uid="analytics.activity")
def note_activity(sender: Any, user_id: UUID, course_id: UUID, **kwargs: Any) -> None:
    """Note that somebody learns. No query."""
    notebook.note(user_id, course_id)


@receiver(account_deleted, dispatch_uid="analytics.departures")
def note_departure(sender: Any, joined_at: datetime, **kwargs: Any) -> None:
    """Note of which day people are to be counted anew. One query."""
    Departure.objects.create(joined_at=joined_at)
