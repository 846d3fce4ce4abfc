"""What enrolments ask: has this person paid for that course? Importing it registers the answer."""

import uuid
from typing import Any

from enrollments import registry
from payments.models import Order


def has_paid(user: Any, course: Any, payment_id: uuid.UUID | None) -> bool:
    """Return whether an order of `user` for `course` is paid and not given back; that payment's, where one is named
    (QUALITY E01, E07)."""
    standing = Order.objects.standing().filter(user=user, course=course)
    return (standing.filter(payment=payment_id) if payment_id else standing).exists()


registry.payment_checks.append(has_paid)
