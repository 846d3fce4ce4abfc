"""`manage.py create_admin somebody@example.com`: the first administrator of a new site."""

import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import User, normalised_email
from lms.platform.audit import record


class Command(BaseCommand):
    """Makes an administrator; asks for the password, which no argument and no log should hold."""

    help = "Make an administrator. The password is asked for, or read from standard input with --password-stdin."

    def add_arguments(self, parser: Any) -> None:
        """Take the address and the name."""
        parser.add_argument("email")
        parser.add_argument("--name", default="Administrator")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the administrator; raise CommandError for a weak password or an address that is taken."""
        email = normalised_email(options["email"])
        if User.objects.filter(email=email).exists():
            raise CommandError(f"There is an account with the address {email}.")
        password = input() if options["password_stdin"] else getpass.getpass("Password: ")
        try:
            validate_password(password, User(email=email, full_name=options["name"]))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        with transaction.atomic():
            user = User.objects.create_superuser(
                email, password, full_name=options["name"], email_verified_at=timezone.now()
            )
            record(actor=None, action="accounts.admin_created", target=user)
        self.stdout.write(f"{email} is an administrator now.")
