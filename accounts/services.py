"""Operations on people: registering, changing a profile, changing what somebody may do."""

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
from lms.platform.audit import record
from lms.platform.models import SiteSettings


def register(
    *, actor: Any, email: str, password: str, full_name: str, role: str = Role.STUDENT, **profile: Any
) -> User:
    """Create and return a user.

    `actor` may be anonymous. Anybody may make a student while ALLOW_PUBLIC_REGISTRATION is on; an instructor also needs
    ALLOW_PUBLIC_ROLE_REGISTRATION; only an admin makes admins (API.md, "Users"; QUALITY U01). A mail with a link to
    confirm the address goes out. Raises AccountError `registration_closed` or `role_not_allowed` (403), `email_taken`
    (400); LimitError after five registrations an hour from one address; ValidationError for a weak password.
    """
    _check_may_register(actor, role)
    candidate = User(email=email, full_name=full_name)
    validate_password(password, candidate)
    if not has_role(actor, Role.ADMIN):
        limits.spend(limits.REGISTRATION, address=limits.here())
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, full_name=full_name, role=role, **profile)
            record(actor=actor if has_role(actor, Role.ADMIN) else user, action="accounts.registered", target=user)
    except IntegrityError as error:
        # The constraint decides, so that of twenty at once one wins (QUALITY U04).
        raise AccountError("email_taken", _("There is an account with this e-mail address."), status=400) from error
    with suppress(limits.LimitError):
        addresses.ask_for_confirmation(email=user.email)
    return user


def _check_may_register(actor: Any, role: str) -> None:
    """Raise AccountError unless `actor` may create a user with this role."""
    if has_role(actor, Role.ADMIN):
        return
    if not (settings.ALLOW_PUBLIC_REGISTRATION and SiteSettings.current().registration_open):
        raise AccountError("registration_closed", _("This site does not take registrations."), status=403)
    if role == Role.STUDENT or (role == Role.INSTRUCTOR and settings.ALLOW_PUBLIC_ROLE_REGISTRATION):
        return
    raise AccountError("role_not_allowed", _("You may register as a student only."), status=403)


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


def change_password(*, user: User, password: str, new_password: str, code: str = "") -> User:
    """Change the password of somebody who knows it; return the user, all of whose logins have ended.

    The page that asks keeps its own session alive. The user is told by mail. Raises as `mfa.prove`; ValidationError for
    a weak password, which spends no code.
    """
    validate_password(new_password, user)
    mfa.prove(user=user, password=password, code=code)
    with transaction.atomic():
        passwords.replace(user, new_password)
        record(actor=user, action="accounts.password_changed", target=user)
        tasks.mail_notice.delay_on_commit(str(user.pk), user.email, "password_changed")
    return user


@transaction.atomic
def ask_for_export(*, user: User) -> DataExport:
    """Have everything that the site holds about a user packed; return the export, which a mail tells of when it is
    ready.

    There is one at a time: while it is being packed, or waits to be fetched, the same one is returned. Whoever asks
    again for one that is not done has its task sent again, should it have been lost.
    """
    User.objects.select_for_update().get(pk=user.pk)
    export = DataExport.objects.lasting().filter(user=user).first()
    if export is None:
        DataExport.objects.filter(user=user).remove()
        export = DataExport.objects.create(user=user)
        record(actor=user, action="accounts.data_export_asked", target=user)
    if export.mailed_at is None:
        tasks.pack_export.delay_on_commit(str(export.pk))
    return export


@transaction.atomic
def change_access(*, actor: Any, user: User, role: str | None = None, is_active: bool | None = None) -> User:
    """Give a user another role, or let them in or not; return the user, all of whose logins end (QUALITY A02, M07).

    Raises AccountError `last_admin` (409) where nobody would be left to administer the site (QUALITY U06).
    """
    # Every admin's row is locked: two who demote each other at once must not both succeed.
    admins = {admin.pk for admin in User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)}
    before = User.objects.get(pk=user.pk)
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
    LoginSession.objects.of(user).end()
    record(actor=actor, action="accounts.access_changed", target=user, changes=changes)
    return user


def refuse_last_admin(user: User, admins: set[Any]) -> None:
    """Raise AccountError `last_admin` when `user` is the only one of the active `admins`."""
    if admins == {user.pk}:
        raise AccountError("last_admin", _("This is the last administrator. Make another one first."))
