"""Receivers of signals from lower apps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.signals import account_deleted
from analytics.activity_buffer import activity_buffer
from analytics.models import Departure
from core.access.impersonation import is_impersonating
from enrollments.signals import learned


@receiver(learned, dispatch_uid="analytics.activity")
def record_activity(sender: Any, user_id: UUID, course_id: UUID, **kwargs: Any) -> None:
    """Add the activity to the buffer, unless staff impersonate the user. No query."""
    if is_impersonating():
        return
    activity_buffer.record(user_id, course_id)


@receiver(account_deleted, dispatch_uid="analytics.departures")
def record_departure(sender: Any, joined_at: datetime, **kwargs: Any) -> None:
    """Store the day on which the deleted account was created, so that people are counted again. One query."""
    Departure.objects.create(joined_at=joined_at)
