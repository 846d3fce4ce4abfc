"""Mails with a link that works once: a new password, a confirmed address (QUALITY A03, A08)."""

from contextlib import suppress
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import limits
from accounts.models import Letter, User, normalised_email
from accounts.models.proofs import LetterPurpose
from lms.lib.errors import DomainError
from lms.platform.jobs import Job


class LetterError(DomainError):
    """The link does not work, or not any more."""

    status = 400


def token_of(letter: Letter) -> str:
    """Return what the link in a letter carries: its id, signed for its purpose alone."""
    return _signer(letter.purpose).sign(letter.pk.hex)


def _signer(purpose: str) -> signing.Signer:
    return signing.Signer(salt=f"accounts.letter.{purpose}")


def ask_for(*, purpose: LetterPurpose, email: str, write: Job, user: User | None = None) -> None:
    """Have a letter written to an address; whether anybody has it, is found out in the task `write`.

    At most three an hour go to one address: further ones are asked for in vain, and nobody is told. Raises LimitError
    when one network address asks more than ten times an hour.
    """
    email = normalised_email(email)
    limits.spend(limits.MAIL_FROM_ADDRESS, address=limits.here())
    try:
        limits.spend(limits.MAIL_TO_ACCOUNT, account=f"{purpose}:{email}")
    except limits.LimitError:
        return
    letter = Letter.objects.create(purpose=purpose, email=email, user=user)
    write.send_or_defer(str(letter.pk))


def addressed(letter_id: str) -> Letter | None:
    """Return a letter that is to be written now, with its user; None when nobody active has the address, or when it
    is out already. Earlier letters for the same purpose stop working."""
    letter = Letter.objects.open().filter(pk=letter_id, sent_at=None).first()
    if letter is None:
        return None
    users = User.objects.filter(is_active=True)
    letter.user = (
        users.filter(pk=letter.user_id).first() if letter.user_id else users.filter(email=letter.email).first()
    )
    if letter.user is None:
        return None
    Letter.objects.open().filter(purpose=letter.purpose, user=letter.user).exclude(pk=letter.pk).use()
    letter.save(update_fields=["user"])
    return letter


def mark_sent(letter: Letter) -> None:
    """Note that the letter is out, so that a task that runs twice sends it once."""
    Letter.objects.filter(pk=letter.pk).update(sent_at=timezone.now())


def opened(*, purpose: LetterPurpose, token: str) -> Letter:
    """Return the open letter behind a token, with its user; raise LetterError `invalid_token`. One query."""
    letter = None
    with suppress(signing.BadSignature, ValidationError, ValueError):
        letter_id = _signer(purpose).unsign(token)
        letter = Letter.objects.open().select_related("user").filter(pk=letter_id, purpose=purpose).first()
    if letter is None or letter.user is None or not letter.user.is_active:
        raise refusal()
    return letter


def use(letter: Letter) -> User:
    """Spend a letter inside the caller's transaction; return its user. Of two at once, one raises LetterError."""
    user: Any = letter.user
    if not Letter.objects.filter(pk=letter.pk).use():
        raise refusal()
    return user


def withdraw_all(user: User) -> None:
    """Make every link that was mailed to a user worthless: they changed their password or address. One update."""
    Letter.objects.filter(user=user).use()


def refusal() -> LetterError:
    """Return the one error for a token that is wrong, used, too old or for something else."""
    return LetterError("invalid_token", _("This link does not work (any more). Ask for a new one."))
