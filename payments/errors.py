"""What payments refuse."""

from lms.lib.errors import DomainError


class PaymentError(DomainError):
    """The order, the payment or the refund cannot be made, or not like that."""
