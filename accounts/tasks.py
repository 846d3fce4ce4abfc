"""Celery tasks: account emails, data exports and periodic cleanup."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from accounts import codes, data_export, email_links
from accounts.models import AttemptCounter, Challenge, DataExport, EmailToken, LoginSession, SocketTicket, User
from accounts.models.one_time_tokens import EmailTokenPurpose
from core.jobs.job import job
from core.mail import delivery

RETENTION_AFTER_EXPIRY = timedelta(days=1)
MAIL_NAMES = {
    EmailTokenPurpose.RESET: "password_reset",
    EmailTokenPurpose.VERIFY: "email_verify",
    EmailTokenPurpose.NEW_EMAIL: "email_change",
}


@job("accounts.mail_letter", former_name="accounts.tasks.mail_letter")
def mail_link(token_id: str) -> None:
    """Email a link if an active user has the address."""
    email_token = email_links.prepare_for_sending(token_id)
    if email_token is None:
        return
    context = {"user": email_token.user, "token": email_links.sign_email_token(email_token)}
    delivery.send(MAIL_NAMES[EmailTokenPurpose(email_token.purpose)], to=email_token.email, context=context)
    email_links.mark_sent(email_token)


@job("accounts.mail_notice")
def mail_notice(user_id: str, email: str, name: str) -> None:
    """Notify a user of a change of the account, at the address that the user had then."""
    user = User.objects.filter(pk=user_id).first()
    if user is not None:
        delivery.send(name, to=email, context={"user": user})


@job("accounts.mail_code")
def mail_code(challenge_id: str) -> None:
    """Email the code of a challenge."""
    challenge = Challenge.objects.open().select_related("user").filter(pk=challenge_id).first()
    if challenge is not None:
        context = {"user": challenge.user, "code": codes.derive_mailed_code(challenge)}
        delivery.send("login_code", to=challenge.user.email, context=context)


@job("accounts.pack_export")
def pack_export(export_id: str) -> None:
    """Build a data export and email its owner; safe to run twice."""
    data_export.build_export(export_id)


@job("accounts.flush_expired_tokens")
def flush_expired_tokens() -> int:
    """Delete expired tokens, logins, challenges, counters and exports; return the number of logins."""
    call_command("flushexpiredtokens", verbosity=0)
    now = timezone.now()
    for model in (EmailToken, Challenge, SocketTicket, AttemptCounter):
        model.objects.filter(expires_at__lt=now - RETENTION_AFTER_EXPIRY).delete()
    DataExport.objects.filter(expires_at__lt=now).remove()
    deleted, _by_model = LoginSession.objects.filter(expires_at__lt=now).delete()
    return deleted
