"""The one error of assignments."""

from lms.lib.errors import DomainError


class AssignmentError(DomainError):
    """This cannot be handed in, graded or changed now."""
