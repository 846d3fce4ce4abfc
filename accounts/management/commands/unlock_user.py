"""`manage.py unlock_user somebody@example.com`: let somebody try again after too many wrong passwords or codes."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import limits
from accounts.models import User, normalised_email
from lms.platform.audit import record


class Command(BaseCommand):
    """Forgets the wrong tries of one account, from every address."""

    help = "Let somebody try again after too many wrong passwords or codes."

    def add_arguments(self, parser: Any) -> None:
        """Take the address of the account."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Unlock, and say from how many addresses there had been tries."""
        email = normalised_email(options["email"])
        forgotten = limits.forgive(limits.LOCKOUT, account=email)
        user = User.objects.filter(email=email).first()
        if user is not None:
            forgotten += limits.forgive(limits.SECOND_STEP, account=str(user.pk))
            record(actor=None, action="accounts.unlocked", target=user)
        self.stdout.write(f"Unlocked; {forgotten} counters were forgotten.")
