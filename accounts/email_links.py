"""Emailed links that work once: password reset, email confirmation (quality row A03, A08)."""

from contextlib import suppress
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import EmailToken, User
from accounts.models.one_time_tokens import EmailTokenPurpose
from core.http.errors import DomainError
from core.jobs.job import Job
from core.text.email_addresses import normalize_email


class EmailLinkError(DomainError):
    """The link is invalid, expired or used."""

    status = 400


def sign_email_token(email_token: EmailToken) -> str:
    """Return the token of an emailed link: the id of the row, signed for its purpose."""
    return _signer(email_token.purpose).sign(email_token.pk.hex)


def _signer(purpose: str) -> signing.Signer:
    return signing.Signer(salt=f"accounts.letter.{purpose}")


def request_link(*, purpose: EmailTokenPurpose, email: str, mail_job: Job, user: User | None = None) -> None:
    """Create an email token for an address and queue `mail_job`, which looks up the user.

    At most three emails an hour go to one address; further requests are silently dropped, so that the response does not
    reveal whether the account exists. Raises LimitError after ten requests an hour from one IP address.
    """
    email = normalize_email(email)
    limits.spend(limits.MAIL_FROM_ADDRESS, address=limits.client_address())
    try:
        limits.spend(limits.MAIL_TO_ACCOUNT, account=f"{purpose}:{email}")
    except limits.LimitError:
        return
    email_token = EmailToken.objects.create(purpose=purpose, email=email, user=user)
    mail_job.send_or_defer(str(email_token.pk))


def prepare_for_sending(token_id: str) -> EmailToken | None:
    """Return an unsent email token with its user; None if no active user has the address, or if it was sent.

    Earlier tokens of the user for the same purpose stop working.
    """
    email_token = EmailToken.objects.open().filter(pk=token_id, sent_at=None).first()
    if email_token is None:
        return None
    users = User.objects.filter(is_active=True)
    email_token.user = (
        users.filter(pk=email_token.user_id).first()
        if email_token.user_id
        else users.filter(email=email_token.email).first()
    )
    if email_token.user is None:
        return None
    EmailToken.objects.open().filter(purpose=email_token.purpose, user=email_token.user).exclude(
        pk=email_token.pk
    ).use()
    email_token.save(update_fields=["user"])
    return email_token


def mark_sent(email_token: EmailToken) -> None:
    """Mark the token as sent, so that a task that runs twice sends one email."""
    EmailToken.objects.filter(pk=email_token.pk).update(sent_at=timezone.now())


def resolve_token(*, purpose: EmailTokenPurpose, token: str) -> EmailToken:
    """Return the open email token of a link, with its user; raise EmailLinkError `invalid_token`. One query."""
    email_token = None
    with suppress(signing.BadSignature, ValidationError, ValueError):
        token_id = _signer(purpose).unsign(token)
        email_token = EmailToken.objects.open().select_related("user").filter(pk=token_id, purpose=purpose).first()
    if email_token is None or email_token.user is None or not email_token.user.is_active:
        raise invalid_link_error()
    return email_token


def consume(email_token: EmailToken) -> User:
    """Use up an email token inside the caller's transaction and return its user.

    Of two concurrent uses, one raises EmailLinkError.
    """
    user: Any = email_token.user
    if not EmailToken.objects.filter(pk=email_token.pk).use():
        raise invalid_link_error()
    return user


def revoke_all(user: User) -> None:
    """Invalidate all emailed links of a user, after a change of password or address. One update."""
    EmailToken.objects.filter(user=user).use()


def invalid_link_error() -> EmailLinkError:
    """Return the one error for tokens that are invalid, used, expired or made for another purpose."""
    return EmailLinkError("invalid_token", _("This link is invalid or has expired. Request a new one."))
