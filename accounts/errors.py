"""The error of the account services."""

from core.http.errors import DomainError


class AccountError(DomainError):
    """The operation is not possible for this account."""
