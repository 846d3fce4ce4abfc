"""Operations by staff on other people's accounts, with the limits on each (quality row M04, U06)."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import addresses, limits, mfa, services, tasks
from accounts.errors import AccountError
from accounts.models import LoginSession, Role, User, has_role
from core.audit.entries import record
from core.text.email_addresses import normalize_email


def is_out_of_reach(*, actor: Any, user: User) -> bool:
    """Return whether `actor` may not change this account.

    Superusers change every account, everyone their own. Other superusers are out of reach; staff and administrators can
    be changed by administrators only.
    """
    if actor.is_superuser or actor.pk == user.pk:
        return False
    if user.is_superuser:
        return True
    return (user.is_staff or has_role(user, Role.ADMIN)) and not has_role(actor, Role.ADMIN)


def _check_reach(actor: Any, user: User) -> None:
    """Raise AccountError `out_of_reach` (403) unless `actor` may change this account."""
    if not actor.is_superuser and not (actor.is_staff and actor.has_perm("accounts.change_user")):
        raise AccountError("out_of_reach", _("You don't have permission to change other users' accounts."), status=403)
    if is_out_of_reach(actor=actor, user=user):
        raise AccountError("out_of_reach", _("You don't have permission to change this account."), status=403)


@transaction.atomic
def change_user(*, actor: User, user: User, changes: dict[str, Any]) -> User:
    """Change an account as staff and return the user.

    `changes` may hold the fields that `services.update_profile` takes, `email`, `role` and `is_active`. A new address
    is unconfirmed; it ends the user's logins and emailed links.

    Raises AccountError `out_of_reach` (403), `role_not_allowed` (403: only administrators assign roles, and not to
    themselves), `email_taken` (400) or `last_admin` (409); ValidationError for invalid values.
    """
    user, _admins = services.lock_with_admins(user)
    _check_reach(actor, user)
    access = {name: changes[name] for name in ("role", "is_active") if name in changes}
    if access.get("role", user.role) != user.role and not (actor.is_superuser or has_role(actor, Role.ADMIN)):
        raise AccountError("role_not_allowed", _("Only administrators can assign roles."), status=403)
    if "email" in changes and normalize_email(changes["email"]) != user.email:
        _change_address(actor, user, changes["email"])
    profile = {name: value for name, value in changes.items() if name not in (*access, "email")}
    if profile:
        user = services.update_profile(actor=actor, user=user, changes=profile)
    return services.change_access(actor=actor, user=user, **access) if access else user


def _change_address(actor: User, user: User, email: str) -> None:
    """Change another user's address. Users change their own with their password (`addresses.request_change`)."""
    if actor.pk == user.pk or not (actor.is_superuser or has_role(actor, Role.ADMIN)):
        detail = _("Only another administrator can change this user's email address.")
        raise AccountError("out_of_reach", detail, status=403)
    addresses.set_address(actor=actor, user=user, email=email, is_verified=False)
    LoginSession.objects.involving(user).end()


def check_may_close(*, actor: User, user: User) -> None:
    """Raise AccountError `out_of_reach` (403) unless `actor` may delete this account.

    Users may delete their own, administrators those of others except superusers, superusers all.
    """
    if actor.pk == user.pk:
        return
    if not (actor.is_superuser or has_role(actor, Role.ADMIN)) or is_out_of_reach(actor=actor, user=user):
        raise AccountError("out_of_reach", _("You don't have permission to delete this account."), status=403)


@transaction.atomic
def end_logins(*, actor: User, user: User) -> int:
    """End all logins of a user as staff; return their number. Raises AccountError `out_of_reach` (403)."""
    _check_reach(actor, user)
    ended = LoginSession.objects.involving(user).end()
    record(actor=actor, action="accounts.logins_ended", target=user, changes={"ended": ended})
    return ended


@transaction.atomic
def reset_second_factor(*, actor: User, user: User) -> None:
    """Turn off the second factor of a user who lost it, as staff; all of the user's logins end.

    The user then logs in with the password alone, and is notified by email. Raises AccountError `out_of_reach` (403),
    also for the actor's own account, for which a code is required; `mfa_not_enabled` (409).
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    _check_reach(actor, user)
    if actor.pk == user.pk:
        raise AccountError("out_of_reach", _("Turn off your own second factor on your security page."), status=403)
    if not user.mfa_enabled:
        raise AccountError("mfa_not_enabled", _("Two-factor authentication is not on."))
    mfa.delete_devices(user)
    LoginSession.objects.involving(user).end()
    limits.reset(limits.SECOND_STEP, account=str(user.pk))
    record(actor=actor, action="accounts.mfa_reset", target=user, subject=user)
    tasks.mail_notice.delay_on_commit(str(user.pk), user.email, "mfa_reset")


@transaction.atomic
def set_groups(*, actor: User, user: User, groups: Iterable[Group]) -> User:
    """Replace the staff groups of a user and return the user; a change ends all of the user's logins.

    Users cannot change their own groups, and an actor can only grant permissions that the actor has. Raises
    AccountError `out_of_reach` (403).
    """
    wanted = set(groups)
    user = User.objects.select_for_update().get(pk=user.pk)
    before = set(user.groups.all())
    if wanted == before:
        return user
    if actor.pk == user.pk or not (actor.is_superuser or has_role(actor, Role.ADMIN)):
        raise AccountError("out_of_reach", _("Only another administrator can change this user's groups."), status=403)
    _check_reach(actor, user)
    for group in wanted - before:
        if not actor.has_perms(permissions_of(group)):
            raise AccountError("out_of_reach", _("You can't grant permissions that you don't have."), status=403)
    user.groups.set(wanted)
    user.is_staff = user.is_active and (has_role(user, Role.ADMIN) or bool(wanted))
    user.save(update_fields=["is_staff", "updated_at"])
    LoginSession.objects.involving(user).end()
    names = [sorted(group.name for group in some) for some in (before, wanted)]
    record(actor=actor, action="accounts.groups_changed", target=user, subject=user, changes={"groups": names})
    return user


def permissions_of(group: Group) -> list[str]:
    """Return a group's permissions as "app.codename". One query."""
    rows = group.permissions.order_by().values_list("content_type__app_label", "codename")
    return [f"{app}.{codename}" for app, codename in rows]
