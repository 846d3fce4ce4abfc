"""Confirmation and change of email addresses."""

from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import email_links, mail_limits, mfa, tasks
from accounts.errors import AccountError
from accounts.models import User
from accounts.models.one_time_tokens import EmailTokenPurpose
from core.audit.entries import record
from core.text.email_addresses import normalize_email


def request_confirmation(*, email: str) -> None:
    """Email a confirmation link if an account with this address is unconfirmed. Raises LimitError."""
    email_links.request_link(purpose=EmailTokenPurpose.VERIFY, email=email, mail_job=tasks.mail_link)


def confirm(*, token: str, user: User | None = None) -> User:
    """Mark a user's email address as confirmed and return the user.

    Raises EmailLinkError `invalid_token`, also if the link belongs to another user than `user`, or if the address has
    changed since.
    """
    email_token = email_links.resolve_token(purpose=EmailTokenPurpose.VERIFY, token=token)
    if (
        email_token.user is None
        or email_token.user.email != email_token.email
        or (user is not None and email_token.user_id != user.pk)
    ):
        raise email_links.invalid_link_error()
    with transaction.atomic():
        user = email_links.consume(email_token)
        user.email_verified_at = user.email_verified_at or timezone.now()
        user.save(update_fields=["email_verified_at", "updated_at"])
        record(actor=user, action="accounts.email_verified", target=user)
    return user


def request_change(*, user: User, password: str, email: str, code: str = "") -> None:
    """Email a link to the new address and notify the old one; the link makes the change (quality row A12).

    Raises as `mfa.reauthenticate`; ValidationError for an invalid address; LimitError `too_many_mails` (429). The
    response does not reveal whether another user has the new address.
    """
    email = normalize_email(email)
    validate_email(email)
    mfa.reauthenticate(user=user, password=password, code=code)
    mail_limits.spend_mail(sender=user, recipient=email)
    email_links.request_link(purpose=EmailTokenPurpose.NEW_EMAIL, email=email, mail_job=tasks.mail_link, user=user)
    tasks.mail_notice.send_or_defer(str(user.pk), user.email, "email_change_asked")


def set_address(*, actor: User, user: User, email: str, is_verified: bool) -> None:
    """Store a user's new address, normalized; all emailed links of the user stop working. Call in a transaction.

    Raises ValidationError for an invalid address, AccountError `email_taken` (400) if another user has it.
    """
    user.email, user.email_verified_at = normalize_email(email), timezone.now() if is_verified else None
    validate_email(user.email)
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "email_verified_at", "updated_at"])
    except IntegrityError as error:
        raise AccountError(
            "email_taken", _("An account with this email address already exists."), status=400
        ) from error
    email_links.revoke_all(user)
    record(actor=actor, action="accounts.email_changed", target=user)


@transaction.atomic
def change(*, token: str) -> User:
    """Set a user's email address to the one that a link was sent to; return the user.

    Raises EmailLinkError `invalid_token`; AccountError `email_taken` (400) if another user has taken the address
    meanwhile.
    """
    email_token = email_links.resolve_token(purpose=EmailTokenPurpose.NEW_EMAIL, token=token)
    user = email_links.consume(email_token)
    set_address(actor=user, user=user, email=email_token.email, is_verified=True)
    return user
