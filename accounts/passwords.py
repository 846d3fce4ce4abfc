"""Passwords: checked, and set anew by whoever reads the account's mail."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import letters, limits, tasks
from accounts.errors import AccountError
from accounts.models import LoginSession, User
from accounts.models.proofs import LetterPurpose
from lms.platform.audit import record


def check(*, email: str, password: str, request: Any = None) -> User:
    """Return the active user with this address and password.

    Ten wrong passwords a minute from one network address are all it gets, whatever the accounts; right ones do not
    count, so that a class behind one address can log in at nine o'clock.

    The try is taken before the password is hashed: of many at once, five are hashed (QUALITY A07). Raises LimitError
    `account_locked` (429), with the right password too and for addresses that nobody has; AccountError
    `invalid_credentials` (401) for a wrong password, an unknown address and an inactive user alike, after the same
    work: one hash (QUALITY A03).
    """
    limits.look(limits.WRONG_FROM_ADDRESS, address=limits.here())
    limits.spend(limits.LOCKOUT, account=email, address=limits.here())
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        limits.spend(limits.WRONG_FROM_ADDRESS, address=limits.here())
        raise AccountError("invalid_credentials", _("E-mail address or password is wrong."), status=401)
    limits.forgive(limits.LOCKOUT, account=email, address=limits.here())
    return user


def check_again(*, user: User, password: str) -> None:
    """Make sure that it is the user who sits there, before something of their account changes (QUALITY A12).

    Raises AccountError `wrong_password` (403), and LimitError like a login.
    """
    limits.spend(limits.LOCKOUT, account=user.email, address=limits.here())
    if not user.check_password(password):
        raise AccountError("wrong_password", _("That is not your password."), status=403)
    limits.forgive(limits.LOCKOUT, account=user.email, address=limits.here())


def ask_for_reset(*, email: str) -> None:
    """Mail a link to set a new password, if anybody has this address. Raises LimitError."""
    letters.ask_for(purpose=LetterPurpose.RESET, email=email, write=tasks.mail_letter)


def reset(*, token: str, new_password: str) -> User:
    """Set a new password by a mailed link; return the user, who has to log in with it, second factor included.

    Every login of theirs ends, on pages and through the API (QUALITY A02, A06, A08). Raises LetterError
    `invalid_token`; ValidationError for a weak password, which leaves the link good.
    """
    letter = letters.opened(purpose=LetterPurpose.RESET, token=token)
    validate_password(new_password, letter.user)
    with transaction.atomic():
        user = letters.use(letter)
        replace(user, new_password)
        limits.forgive(limits.LOCKOUT, account=user.email)
        record(actor=user, action="accounts.password_reset", target=user)
    return user


def replace(user: User, new_password: str) -> None:
    """Store a password, and end what the old one opened. Call in a transaction."""
    user.set_password(new_password)
    user.save(update_fields=["password", "updated_at"])
    LoginSession.objects.filter(user=user).end()
    letters.withdraw_all(user)


def link_works(token: str) -> bool:
    """Return whether a mailed link would still set a password. One query."""
    try:
        letters.opened(purpose=LetterPurpose.RESET, token=token)
    except letters.LetterError:
        return False
    return True
