"""Account services: registration, profile, password, data export, roles and activation."""

import uuid
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import addresses, limits, mfa, passwords, tasks
from accounts.errors import AccountError
from accounts.models import DataExport, LoginSession, Role, User, has_role
from core.audit.entries import record
from core.models import SiteSettings
from core.text.validators import validate_person_name


def register(
    *, actor: Any, email: str, password: str, full_name: str, role: str = Role.STUDENT, **profile: Any
) -> User:
    """Create and return a user.

    `actor` may be anonymous. Anyone may register as a student while ALLOW_PUBLIC_REGISTRATION is on; as an instructor,
    if ALLOW_PUBLIC_ROLE_REGISTRATION is on, too; only administrators create administrators (docs/api-contract.md,
    "Users"; quality row U01). A confirmation link is emailed. Raises AccountError `registration_closed` or
    `role_not_allowed` (403), `email_taken` (400); LimitError after five registrations an hour from one IP address;
    ValidationError for a weak password or a name with an address.
    """
    _check_may_register(actor, role)
    validate_person_name(full_name)
    candidate = User(email=email, full_name=full_name)
    validate_password(password, candidate)
    if not has_role(actor, Role.ADMIN):
        limits.spend(limits.REGISTRATION, address=limits.client_address())
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, full_name=full_name, role=role, **profile)
            record(actor=actor if has_role(actor, Role.ADMIN) else user, action="accounts.registered", target=user)
    except IntegrityError as error:
        # The database constraint decides, so that one of several concurrent registrations succeeds (quality row U04).
        raise AccountError(
            "email_taken", _("An account with this email address already exists."), status=400
        ) from error
    with suppress(limits.LimitError):
        addresses.request_confirmation(email=user.email)
    return user


def _check_may_register(actor: Any, role: str) -> None:
    """Raise AccountError unless `actor` may create a user with this role."""
    if has_role(actor, Role.ADMIN):
        return
    if not (settings.ALLOW_PUBLIC_REGISTRATION and SiteSettings.current().registration_open):
        raise AccountError("registration_closed", _("Registration is closed on this site."), status=403)
    if role == Role.STUDENT or (role == Role.INSTRUCTOR and settings.ALLOW_PUBLIC_ROLE_REGISTRATION):
        return
    raise AccountError("role_not_allowed", _("You can register as a student only."), status=403)


@transaction.atomic
def update_profile(*, actor: User, user: User, changes: dict[str, Any]) -> User:
    """Change a user's profile and return the user. Raises ValidationError for invalid values."""
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


def change_password(*, user: User, password: str, new_password: str, code: str = "") -> User:
    """Change a user's password and return the user; all of the user's logins end.

    The page that calls this keeps its own session alive. The user is notified by email. Raises as `mfa.reauthenticate`;
    ValidationError for a weak password, which uses up no code.
    """
    validate_password(new_password, user)
    mfa.reauthenticate(user=user, password=password, code=code)
    with transaction.atomic():
        passwords.set_password(user, new_password)
        record(actor=user, action="accounts.password_changed", target=user)
        tasks.mail_notice.delay_on_commit(str(user.pk), user.email, "password_changed")
    return user


@transaction.atomic
def request_export(*, user: User) -> DataExport:
    """Queue an export of the user's personal data and return it; an email follows when it is ready.

    A user has one export at a time: a pending or ready one is returned. A repeated request for a pending export queues
    its task again, in case it was lost.
    """
    User.objects.select_for_update().get(pk=user.pk)
    export = DataExport.objects.unexpired().filter(user=user).first()
    if export is None:
        DataExport.objects.filter(user=user).remove()
        export = DataExport.objects.create(user=user)
        record(actor=user, action="accounts.data_export_asked", target=user)
    if export.mailed_at is None:
        tasks.pack_export.delay_on_commit(str(export.pk))
    return export


@transaction.atomic
def change_access(*, actor: Any, user: User, role: str | None = None, is_active: bool | None = None) -> User:
    """Change a user's role or activation and return the user; all of the user's logins end (quality row A02, M07).

    Raises AccountError `last_admin` (409) if no active administrator would be left (quality row U06).
    """
    before, admins = lock_with_admins(user)
    user.role = role if role is not None else before.role
    user.is_active = is_active if is_active is not None else before.is_active
    if user.role != Role.ADMIN or not user.is_active:
        refuse_last_admin(user, admins)
    changes = {
        name: [getattr(before, name), getattr(user, name)]
        for name in ("role", "is_active")
        if getattr(before, name) != getattr(user, name)
    }
    if not changes:
        return user
    user.is_staff = user.is_active and (user.role == Role.ADMIN or user.groups.exists())
    user.is_superuser = before.is_superuser and user.role == Role.ADMIN
    user.save(update_fields=["role", "is_active", "is_staff", "is_superuser", "updated_at"])
    LoginSession.objects.involving(user).end()
    record(actor=actor, action="accounts.access_changed", target=user, changes=changes)
    return user


def lock_with_admins(user: User) -> tuple[User, set[uuid.UUID]]:
    """Lock the active administrators, then the user; return the stored user and the ids of the administrators.

    Two administrators who demote each other concurrently cannot both succeed. The order is the same everywhere, so that
    no two operations wait for each other. Call in a transaction. Two queries.
    """
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk")
    ids = {admin.pk for admin in admins}
    return User.objects.select_for_update().get(pk=user.pk), ids


def refuse_last_admin(user: User, admins: set[uuid.UUID]) -> None:
    """Raise AccountError `last_admin` if `user` is the only one of the active `admins`."""
    if admins == {user.pk}:
        raise AccountError("last_admin", _("This is the last administrator. Create another one first."))
