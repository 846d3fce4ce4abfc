"""Domain errors of enrollments."""

from core.http.errors import DomainError


class EnrollmentError(DomainError):
    """The enrollment cannot be created, or its state does not allow the operation."""
