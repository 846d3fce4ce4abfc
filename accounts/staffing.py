"""What staff may do to people's accounts, and what nobody may do to their own (QUALITY M04, U06)."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import services
from accounts.errors import AccountError
from accounts.models import LoginSession, Role, User, has_role
from lms.platform.audit import record


def is_out_of_reach(*, actor: Any, user: User) -> bool:
    """Return whether `actor` only looks at this account: a superuser's, or a colleague's, unless they stand above."""
    if actor.is_superuser or actor.pk == user.pk:
        return False
    if user.is_superuser:
        return True
    return (user.is_staff or has_role(user, Role.ADMIN)) and not has_role(actor, Role.ADMIN)


def _check_reach(actor: Any, user: User) -> None:
    if not actor.is_superuser and not (actor.is_staff and actor.has_perm("accounts.change_user")):
        raise AccountError("out_of_reach", _("You may not change other people's accounts."), status=403)
    if is_out_of_reach(actor=actor, user=user):
        raise AccountError("out_of_reach", _("This account is out of your reach."), status=403)


@transaction.atomic
def change_user(*, actor: User, user: User, changes: dict[str, Any]) -> User:
    """Change a person's account as staff; return the user. `changes` may hold what `services.update_profile` takes,
    `role` and `is_active`.

    Raises AccountError `out_of_reach` (403), `role_not_allowed` (403: only administrators give roles, and nobody
    gives themselves a higher one), `last_admin` (409); ValidationError for what does not fit.
    """
    _check_reach(actor, user)
    access = {name: changes[name] for name in ("role", "is_active") if name in changes}
    if access.get("role", user.role) != user.role and not (actor.is_superuser or has_role(actor, Role.ADMIN)):
        raise AccountError("role_not_allowed", _("Only administrators give roles."), status=403)
    profile = {name: value for name, value in changes.items() if name not in access}
    if profile:
        user = services.update_profile(actor=actor, user=user, changes=profile)
    return services.change_access(actor=actor, user=user, **access) if access else user


@transaction.atomic
def set_groups(*, actor: User, user: User, groups: Iterable[Group]) -> User:
    """Make somebody staff of these groups, or nobody's; return the user, whose logins end when anything changed.

    Nobody changes their own groups, and nobody gives what they do not have. Raises AccountError `out_of_reach` (403).
    """
    wanted = set(groups)
    user = User.objects.select_for_update().get(pk=user.pk)
    before = set(user.groups.all())
    if wanted == before:
        return user
    if actor.pk == user.pk or not (actor.is_superuser or has_role(actor, Role.ADMIN)):
        raise AccountError("out_of_reach", _("Only another administrator changes somebody's groups."), status=403)
    _check_reach(actor, user)
    for group in wanted - before:
        if not actor.has_perms(permissions_of(group)):
            raise AccountError("out_of_reach", _("You cannot give what you may not do yourself."), status=403)
    user.groups.set(wanted)
    user.is_staff = user.is_active and (has_role(user, Role.ADMIN) or bool(wanted))
    user.save(update_fields=["is_staff", "updated_at"])
    LoginSession.objects.of(user).end()
    names = [sorted(group.name for group in some) for some in (before, wanted)]
    record(actor=actor, action="accounts.groups_changed", target=user, subject=user, changes={"groups": names})
    return user


def permissions_of(group: Group) -> list[str]:
    """Return a group's permissions as "app.codename". One query."""
    rows = group.permissions.order_by().values_list("content_type__app_label", "codename")
    return [f"{app}.{codename}" for app, codename in rows]
