"""Errors of assignments."""

from core.http.errors import DomainError


class AssignmentError(DomainError):
    """An operation that the state of the assignment or submission does not allow."""
