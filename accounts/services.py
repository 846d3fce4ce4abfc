"""Operations on people: registering, signing in, changing a profile."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Role, User, has_role
from accounts.tokens import TokenPair, start_session
from lms.lib.errors import DomainError
from lms.platform.audit import record


class AccountError(DomainError):
    """The account cannot do that, or is not there."""


def register(
    *, actor: Any, email: str, password: str, full_name: str, role: str = Role.STUDENT, **profile: Any
) -> User:
    """Create and return a user.

    `actor` may be anonymous. Anybody may make a student while ALLOW_PUBLIC_REGISTRATION is on; an instructor also needs
    ALLOW_PUBLIC_ROLE_REGISTRATION; only an admin makes admins (API.md, "Users"; QUALITY U01). Raises AccountError
    `registration_closed` or `role_not_allowed` (403), `email_taken` (400); ValidationError for a weak password.
    """
    _check_may_register(actor, role)
    candidate = User(email=email, full_name=full_name)
    validate_password(password, candidate)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, full_name=full_name, role=role, **profile)
            record(actor=actor if has_role(actor, Role.ADMIN) else user, action="accounts.registered", target=user)
    except IntegrityError as error:
        # The constraint decides, so that of twenty at once one wins (QUALITY U04).
        raise AccountError("email_taken", _("There is an account with this e-mail address."), status=400) from error
    return user


def _check_may_register(actor: Any, role: str) -> None:
    """Raise AccountError unless `actor` may create a user with this role."""
    if has_role(actor, Role.ADMIN):
        return
    if not settings.ALLOW_PUBLIC_REGISTRATION:
        raise AccountError("registration_closed", _("This site does not take registrations."), status=403)
    if role == Role.STUDENT or (role == Role.INSTRUCTOR and settings.ALLOW_PUBLIC_ROLE_REGISTRATION):
        return
    raise AccountError("role_not_allowed", _("You may register as a student only."), status=403)


def sign_in(*, email: str, password: str, request: Any) -> TokenPair:
    """Check a password and start a login; return its tokens.

    Raises AccountError `invalid_credentials` (401) for a wrong password, an unknown address and an inactive user alike,
    after the same work: one password hash (QUALITY A03).
    """
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        raise AccountError("invalid_credentials", _("E-mail address or password is wrong."), status=401)
    return start_session(user=user, user_agent=request.headers.get("User-Agent", ""))


@transaction.atomic
def update_profile(*, actor: User, user: User, changes: dict[str, Any]) -> User:
    """Change a user's own description of themselves; return the user. Raises ValidationError for what does not fit."""
    before = {field: getattr(user, field) for field in changes}
    for field, value in changes.items():
        setattr(user, field, value)
    try:
        user.full_clean(validate_constraints=False)
    except ValidationError:
        user.refresh_from_db()
        raise
    user.save(update_fields=[*changes, "updated_at"])
    changed = {field: [before[field], value] for field, value in changes.items() if before[field] != value}
    if changed:
        record(actor=actor, action="accounts.profile_changed", target=user, changes=changed)
    return user
