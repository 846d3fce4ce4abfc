"""Account deletion; rows are anonymized where orders, certificates or grades have to be retained (quality row U03)."""

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError

from accounts import account_administration, mfa, registry
from accounts.models import DataExport, EmailToken, LoginSession, Role, User
from accounts.models.people import DELETED_EMAIL_SUFFIX, DELETED_USER_NAME
from accounts.services import lock_with_admins, refuse_last_admin
from accounts.signals import account_deleted
from core.audit.entries import record
from core.audit.redaction import redact_person


def close_own_account(*, user: User, password: str, code: str = "") -> None:
    """Close the user's own account after a password check. Raises as `close_account` and `mfa.reauthenticate`."""
    mfa.reauthenticate(user=user, password=password, code=code)
    close_account(actor=user, user=user)


@transaction.atomic
def close_account(*, actor: User, user: User) -> None:
    """Delete a user, or anonymize the row if other data has to refer to it.

    An anonymized user has no name, no address and cannot log in. Orders, payments, certificates and grades keep their
    rows, and all totals stay the same. The audit log keeps its entries, with digests of the personal values. Raises
    AccountError `last_admin` (409), `out_of_reach` (403), and DomainError (409) of `registry.closing_checks`.
    """
    user, admins = lock_with_admins(user)
    account_administration.check_may_close(actor=actor, user=user)
    if user.role == Role.ADMIN:
        refuse_last_admin(user, admins)
    for check in registry.closing_checks:
        check(user)
    LoginSession.objects.involving(user).end()
    DataExport.objects.filter(user=user).remove()
    record(actor=actor, action="accounts.closed", target=user)
    EmailToken.objects.filter(email=user.email).delete()
    registry.forget_elsewhere(user)
    redact_person(user, names={user.full_name, user.email})
    if registry.must_stay(user) or not _try_delete(user):
        _anonymize(user)


def _try_delete(user: User) -> bool:
    """Delete the user unless another row protects the user's row; return whether the user was deleted."""
    try:
        with transaction.atomic():
            user.delete()
            account_deleted.send(sender=User, joined_at=user.created_at)
    except (ProtectedError, RestrictedError):
        return False
    return True


def _anonymize(user: User) -> None:
    """Remove all personal data from a user."""
    mfa.delete_devices(user)
    LoginSession.objects.involving(user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    EmailToken.objects.filter(user=user).delete()
    user.email = f"{user.pk}{DELETED_EMAIL_SUFFIX}"
    user.full_name, user.time_zone, user.language, user.profile_metadata = DELETED_USER_NAME, "", "", {}
    user.is_active = user.is_staff = user.is_superuser = False
    user.role = Role.STUDENT if user.role == Role.ADMIN else user.role
    user.email_verified_at = None
    user.set_unusable_password()
    user.save()
    registry.forget(user)
