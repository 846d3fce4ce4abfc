"""Password checks, and password resets by emailed links."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import email_links, limits, tasks
from accounts.errors import AccountError
from accounts.models import LoginSession, User
from accounts.models.one_time_tokens import EmailTokenPurpose
from core.audit.entries import record


def check_credentials(*, email: str, password: str, request: Any = None) -> User:
    """Return the active user with this address and password.

    At most ten wrong passwords a minute are accepted from one IP address, for all accounts together; correct passwords
    do not count, so that a whole class can log in from one address.

    The attempt is counted before the password is hashed: of many concurrent attempts, five are hashed (quality row
    A07). Raises LimitError `account_locked` (429), also for a correct password and for unknown addresses; AccountError
    `invalid_credentials` (401) for a wrong password, an unknown address and an inactive user alike, after the same
    work: one hash (quality row A03).
    """
    limits.check(limits.WRONG_FROM_ADDRESS, address=limits.client_address())
    limits.spend(limits.LOCKOUT, account=email, address=limits.client_address())
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        limits.spend(limits.WRONG_FROM_ADDRESS, address=limits.client_address())
        raise AccountError("invalid_credentials", _("Incorrect email address or password."), status=401)
    limits.reset(limits.LOCKOUT, account=email, address=limits.client_address())
    return user


def confirm_password(*, user: User, password: str) -> None:
    """Check the password of a logged-in user before a change of the account (quality row A12).

    Raises AccountError `wrong_password` (403), and LimitError like a login.
    """
    limits.spend(limits.LOCKOUT, account=user.email, address=limits.client_address())
    if not user.check_password(password):
        raise AccountError("wrong_password", _("Incorrect password."), status=403)
    limits.reset(limits.LOCKOUT, account=user.email, address=limits.client_address())


def request_reset(*, email: str) -> None:
    """Email a password reset link if an account has this address. Raises LimitError."""
    email_links.request_link(purpose=EmailTokenPurpose.RESET, email=email, mail_job=tasks.mail_link)


def reset(*, token: str, new_password: str) -> User:
    """Set a new password with an emailed link; return the user, who then has to log in, second factor included.

    Ends every login of the user (quality row A02, A06, A08). Raises EmailLinkError `invalid_token`; ValidationError for
    a weak password, after which the link still works.
    """
    email_token = email_links.resolve_token(purpose=EmailTokenPurpose.RESET, token=token)
    validate_password(new_password, email_token.user)
    with transaction.atomic():
        user = email_links.consume(email_token)
        set_password(user, new_password)
        limits.reset(limits.LOCKOUT, account=user.email)
        record(actor=user, action="accounts.password_reset", target=user)
    return user


def set_password(user: User, new_password: str) -> None:
    """Store a password, and end all logins and links of the user. Call in a transaction."""
    user.set_password(new_password)
    user.save(update_fields=["password", "updated_at"])
    LoginSession.objects.filter(user=user).end()
    email_links.revoke_all(user)
