"""Users, their logins, and what proves who they are."""

from accounts.models.exports import DataExport
from accounts.models.logins import LoginKind, LoginSession, LoginSessionQuerySet, end_of_login
from accounts.models.people import (
    Role,
    User,
    UserManager,
    UserQuerySet,
    has_role,
    normalised_email,
    one_line,
    validate_language,
    validate_time_zone,
)
from accounts.models.proofs import AttemptCounter, Challenge, Letter, SocketTicket

__all__ = [
    "AttemptCounter",
    "Challenge",
    "DataExport",
    "Letter",
    "LoginKind",
    "LoginSession",
    "LoginSessionQuerySet",
    "Role",
    "SocketTicket",
    "User",
    "UserManager",
    "UserQuerySet",
    "end_of_login",
    "has_role",
    "normalised_email",
    "one_line",
    "validate_language",
    "validate_time_zone",
]
