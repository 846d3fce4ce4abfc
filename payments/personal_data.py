"""What this app holds about a person, for their export; importing it registers it.

Whoever has an order is never deleted, only made nobody: the foreign key protects them, so that totals stay.
"""

from typing import Any

from accounts import registry
from accounts.models import User
from payments.models import Order


def export(user: User) -> dict[str, Any]:
    """Return a user's orders. One query."""
    orders = Order.objects.filter(user=user)
    fields = ("course_title", "amount", "currency", "status", "refunded_amount", "created_at", "completed_at")
    return {"orders": list(orders.values(*fields))}


registry.register(registry.PersonalData("payments", export))
