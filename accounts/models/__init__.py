"""Users, logins, one-time tokens and data exports."""

from accounts.models.exports import DataExport
from accounts.models.logins import LoginKind, LoginSession, LoginSessionQuerySet, end_of_login
from accounts.models.one_time_tokens import AttemptCounter, Challenge, EmailToken, SocketTicket
from accounts.models.people import (
    Role,
    User,
    UserManager,
    UserQuerySet,
    has_role,
    matches_person,
    validate_language,
    validate_time_zone,
)

__all__ = [
    "AttemptCounter",
    "Challenge",
    "DataExport",
    "EmailToken",
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
    "matches_person",
    "validate_language",
    "validate_time_zone",
]
