"""`manage.py create_admin user@example.com`: create the first administrator of a new site."""

import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.audit.entries import record
from core.text.email_addresses import normalize_email
from core.text.validators import validate_person_name


class Command(BaseCommand):
    help = "Create an administrator. Prompts for the password, or reads it from standard input with --password-stdin."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="Administrator")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the administrator; raise CommandError for a weak password, an invalid address or name."""
        email = normalize_email(options["email"])
        try:
            validate_email(email)
            validate_person_name(options["name"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if User.objects.filter(email=email).exists():
            raise CommandError(f"An account with the address {email} already exists.")
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
        self.stdout.write(f"Administrator {email} created.")
