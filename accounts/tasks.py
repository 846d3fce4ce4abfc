"""Mail about accounts, and periodic jobs."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from accounts import codes, exporting, letters
from accounts.models import AttemptCounter, Challenge, DataExport, Letter, LoginSession, SocketTicket, User
from accounts.models.proofs import LetterPurpose
from lms.lib import mail
from lms.platform.jobs import job

KEPT_AFTER_EXPIRY = timedelta(days=1)
TEMPLATES = {
    LetterPurpose.RESET: "password_reset",
    LetterPurpose.VERIFY: "email_verify",
    LetterPurpose.NEW_EMAIL: "email_change",
}


@job
def mail_letter(letter_id: str) -> None:
    """Write a mail with a link, if there is somebody to write to."""
    letter = letters.addressed(letter_id)
    if letter is None:
        return
    context = {"user": letter.user, "token": letters.token_of(letter)}
    mail.send(TEMPLATES[LetterPurpose(letter.purpose)], to=letter.email, context=context)
    letters.mark_sent(letter)


@job
def mail_notice(user_id: str, email: str, what: str) -> None:
    """Tell a user, at the address they had then, that something about their account changed."""
    user = User.objects.filter(pk=user_id).first()
    if user is not None:
        mail.send(what, to=email, context={"user": user})


@job
def mail_code(challenge_id: str) -> None:
    """Send the code of a second step."""
    challenge = Challenge.objects.open().select_related("user").filter(pk=challenge_id).first()
    if challenge is not None:
        context = {"user": challenge.user, "code": codes.mailed_code(challenge)}
        mail.send("login_code", to=challenge.user.email, context=context)


@job
def pack_export(export_id: str) -> None:
    """Pack what the site holds about somebody, and write to them; nothing is done twice."""
    exporting.pack(export_id)


@job
def flush_expired_tokens() -> int:
    """Delete refresh tokens, logins, links, challenges, counters and exports that have expired; return how many logins
    went."""
    call_command("flushexpiredtokens", verbosity=0)
    now = timezone.now()
    for model in (Letter, Challenge, SocketTicket, AttemptCounter):
        model._default_manager.filter(expires_at__lt=now - KEPT_AFTER_EXPIRY).delete()
    DataExport.objects.filter(expires_at__lt=now).remove()
    deleted, _by_model = LoginSession.objects.filter(expires_at__lt=now).delete()
    return deleted
