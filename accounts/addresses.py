"""E-mail addresses: confirmed by their reader, and changed."""

from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import letters, mfa, tasks
from accounts.errors import AccountError
from accounts.models import User, normalised_email
from accounts.models.proofs import LetterPurpose
from lms.platform.audit import record


def ask_for_confirmation(*, email: str) -> None:
    """Mail a link to confirm an address, if anybody registered with it and has not confirmed it. Raises LimitError."""
    letters.ask_for(purpose=LetterPurpose.VERIFY, email=email, write=tasks.mail_letter)


def confirm(*, token: str, user: User | None = None) -> User:
    """Note that a user reads their mail; return the user. Raises LetterError `invalid_token`, also where the link is
    not the one of `user`, when it is said who asks, or the address has changed since."""
    letter = letters.opened(purpose=LetterPurpose.VERIFY, token=token)
    if letter.user is None or letter.user.email != letter.email or (user is not None and letter.user_id != user.pk):
        raise letters.refusal()
    with transaction.atomic():
        reader = letters.use(letter)
        reader.email_verified_at = reader.email_verified_at or timezone.now()
        reader.save(update_fields=["email_verified_at", "updated_at"])
        record(actor=reader, action="accounts.email_verified", target=reader)
    return reader


def ask_for_change(*, user: User, password: str, email: str, code: str = "") -> None:
    """Mail a link to a new address, and tell the old one; nothing changes until the link is opened (QUALITY A12).

    Raises as `mfa.prove`; ValidationError for what is no address. Whether somebody else has the new address is not
    said: their mail says it to them who read it.
    """
    email = normalised_email(email)
    validate_email(email)
    mfa.prove(user=user, password=password, code=code)
    letters.ask_for(purpose=LetterPurpose.NEW_EMAIL, email=email, write=tasks.mail_letter, user=user)
    tasks.mail_notice.send_or_defer(str(user.pk), user.email, "email_change_asked")


def change(*, token: str) -> User:
    """Give a user the address at which they opened a mailed link; return the user.

    Raises LetterError `invalid_token`; AccountError `email_taken` (400) when somebody has it by now.
    """
    letter = letters.opened(purpose=LetterPurpose.NEW_EMAIL, token=token)
    try:
        with transaction.atomic():
            user = letters.use(letter)
            user.email, user.email_verified_at = letter.email, timezone.now()
            user.save(update_fields=["email", "email_verified_at", "updated_at"])
            letters.withdraw_all(user)
            record(actor=user, action="accounts.email_changed", target=user)
    except IntegrityError as error:
        raise AccountError("email_taken", _("There is an account with this e-mail address."), status=400) from error
    return user
