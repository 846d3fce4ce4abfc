"""Leaving: an account deleted, or made nobody's where its orders, certificates or grades must stay (QUALITY U03)."""

from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError

from accounts import mfa, registry
from accounts.models import DataExport, Letter, LoginSession, Role, User
from accounts.services import refuse_last_admin
from accounts.signals import account_deleted
from lms.platform.audit import record

NOBODY = "Deleted user"


def close_own_account(*, user: User, password: str, code: str = "") -> None:
    """Close the account of somebody who shows that it is theirs. Raises as `close_account` and `mfa.prove`."""
    mfa.prove(user=user, password=password, code=code)
    close_account(actor=user, user=user)


@transaction.atomic
def close_account(*, actor: Any, user: User) -> None:
    """Delete a user of whom nothing must stay; make anybody else nobody: no name, no address, no way in.

    Orders, payments, the audit log, certificates and grades keep their rows, and all totals stay. Raises AccountError
    `last_admin` (409).
    """
    if user.role == Role.ADMIN:
        admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
        refuse_last_admin(user, {admin.pk for admin in admins})
    LoginSession.objects.of(user).end()
    DataExport.objects.filter(user=user).remove()
    record(actor=actor, action="accounts.closed", target=user)
    if registry.must_stay(user) or not _deleted(user):
        _anonymise(user)


def _deleted(user: User) -> bool:
    """Delete the user, unless another row protects theirs; return whether they are gone."""
    try:
        with transaction.atomic():
            User.objects.get(pk=user.pk).delete()
            account_deleted.send(sender=User, joined_at=user.created_at)
    except (ProtectedError, RestrictedError):
        return False
    return True


def _anonymise(user: User) -> None:
    """Take from a user everything that says who they were."""
    mfa.forget_devices(user)
    LoginSession.objects.of(user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    Letter.objects.filter(user=user).delete()
    Letter.objects.filter(email=user.email).delete()
    user.email = f"{user.pk}@deleted.invalid"
    user.full_name, user.time_zone, user.language, user.profile_metadata = NOBODY, "", "", {}
    user.is_active = user.is_staff = user.is_superuser = False
    user.role = Role.STUDENT if user.role == Role.ADMIN else user.role
    user.email_verified_at = None
    user.set_unusable_password()
    user.save()
    registry.forget(user)
