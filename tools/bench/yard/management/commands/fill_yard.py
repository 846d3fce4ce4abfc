"""Create the tables and rows of the yardsticks."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.test import Client
from django.utils import timezone

from tools.bench.yard.models import Book

BOOKS = 2_000


class Command(BaseCommand):
    help = "Fill the empty database of the yardsticks and print the key of a logged-in session."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command(
            "migrate", run_syncdb=True, verbosity=0
        )  # models without migrations, whose foreign keys need the users table
        owner = User.objects.create(username="yard")
        now = timezone.now()
        Book.objects.bulk_create(
            Book(
                title=f"A book about subject {number}",
                slug=f"book-{number}",
                summary="Small steps, and something to show at the end of each. " * 4,
                subject="craft",
                level="beginner",
                price=number % 50,
                owner=owner,
                created_at=now - timedelta(minutes=number),
            )
            for number in range(BOOKS)
        )
        client = Client()
        client.force_login(owner)
        self.stdout.write(client.cookies["sessionid"].value)
