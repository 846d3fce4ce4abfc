"""The domain error of enrollments."""

from lms.lib.errors import DomainError


class EnrollmentError(DomainError):
    """The enrollment cannot be created, or its state does not allow the operation."""
