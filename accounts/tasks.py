"""Periodic jobs of the accounts."""

from django.core.management import call_command
from django.utils import timezone

from accounts.models import LoginSession
from lms.platform.jobs import job


@job
def flush_expired_tokens() -> int:
    """Delete refresh tokens and logins that have expired; return how many logins went."""
    call_command("flushexpiredtokens", verbosity=0)
    deleted, _by_model = LoginSession.objects.filter(expires_at__lt=timezone.now()).delete()
    return deleted
