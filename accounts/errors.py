"""The one error of the accounts' services."""

from lms.lib.errors import DomainError


class AccountError(DomainError):
    """The account cannot do that, or is not there."""
