"""Register payments with enrollment and with the export of personal data.

A user who has an order is anonymized and never deleted: a foreign key protects the row, so that totals do not change.
"""

import uuid
from typing import Any

from accounts.models import User
from accounts.registry import PersonalData, personal_data
from enrollments import registry
from payments import reconciliation
from payments.models import Order


def has_paid(user: Any, course: Any, payment_id: uuid.UUID | None) -> bool:
    """Return whether the user has a paid order of the course, with that payment if one is given.

    A fully refunded order does not count (quality rows E01, E07).
    """
    orders = Order.objects.granting_access().filter(user=user, course=course)
    return (orders.filter(payment=payment_id) if payment_id else orders).exists()


def export_orders(user: User) -> dict[str, Any]:
    """Return the user's orders as personal data. One query."""
    orders = Order.objects.filter(user=user)
    fields = ("course_title", "amount", "currency", "status", "refunded_amount", "created_at", "completed_at")
    return {"orders": list(orders.values(*fields))}


__all__ = ["reconciliation"]  # imported for its periodic job, which workers find only in modules that are loaded

registry.payment_checks.register("payments", has_paid)
personal_data.register("payments", PersonalData(export_orders))
