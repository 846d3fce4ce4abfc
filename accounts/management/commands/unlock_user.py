"""`manage.py unlock_user user@example.com`: unlock an account after too many wrong passwords or codes."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import limits
from accounts.models import User
from core.audit.entries import record
from core.text.email_addresses import normalize_email


class Command(BaseCommand):
    help = "Unlock an account after too many wrong passwords or codes."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset the counters of the account and print their number."""
        email = normalize_email(options["email"])
        forgotten = limits.reset(limits.LOCKOUT, account=email)
        user = User.objects.filter(email=email).first()
        if user is not None:
            forgotten += limits.reset(limits.SECOND_STEP, account=str(user.pk))
            record(actor=None, action="accounts.unlocked", target=user)
        self.stdout.write(f"Account unlocked; {forgotten} counters reset.")
