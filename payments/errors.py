"""Errors of the payments app."""

from core.http.errors import DomainError


class PaymentError(DomainError):
    """An order, payment or refund was refused, or Stripe did not respond."""
