"""`manage.py start`: everything between a checkout and a running site."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from celery.beat import EmbeddedService
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Role, User
from lms.celery import app
from lms.lib.configuration import SOCKET_OPTIONS
from lms.lib.ports import HOST, free_port
from payments import sandbox


class Command(BaseCommand):
    """Migrates, loads the demo once, says where everything is, and serves HTTP and WebSocket in one process."""

    help = "Start the site on this machine, as `make run` does."

    def add_arguments(self, parser: Any) -> None:
        """Take the port, which $PORT gives by default."""
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until interrupted; raise CommandError when another process has the port."""
        port: int = options["port"]
        if _is_taken(port):
            raise CommandError(f"Port {port} is taken. Choose another one: PORT={port + 1} make run")
        call_command("migrate", verbosity=0)
        if settings.DEMO and settings.DEBUG:
            call_command("seed_demo", stdout=self.stdout)
        with _stripe_sandbox(port) as where_to_pay:
            self.stdout.write(_welcome(port, where_to_pay))
            _start_periodic_jobs()
            quiet: dict[str, Any] = {"log_level": "warning", "access_log": False}
            uvicorn.run("lms.asgi:application", host=HOST, port=port, **quiet, **SOCKET_OPTIONS)


@contextmanager
def _stripe_sandbox(port: int) -> Iterator[str]:
    """Run the Stripe sandbox beside the site, on its own port or on another one when that is taken; yield where it is,
    or nothing where real keys are set, or `STRIPE_API_HOST` names a sandbox that runs already."""
    if not settings.STRIPE_SANDBOX or os.environ.get("STRIPE_API_HOST"):
        yield ""
        return
    wanted = urlsplit(settings.STRIPE_API_HOST).port or 8420
    with sandbox.running(free_port(wanted), store=settings.DATA_DIR / "stripe-sandbox.pickle") as address:
        settings.STRIPE_API_HOST = address
        sandbox.send_events_to(f"http://{HOST}:{port}", address)
        yield address


def _start_periodic_jobs() -> None:
    """Run the periodic jobs in a thread of this process, where tasks run in the process that asks for them."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        app.loader.import_default_modules()  # beat runs in here what it knows, and sends away what it does not
        beat: Any = EmbeddedService(app, thread=True, schedule_filename=str(settings.DATA_DIR / "periodic-jobs"))
        beat.start()


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) == 0


def _welcome(port: int, where_to_pay: str) -> str:
    """Return what a newcomer wants to know."""
    address = f"http://{HOST}:{port}"
    lines = [
        "",
        f"  The site         {address}",
        f"  The API          {address}/api/v1/docs/",
        f"  The admin        {address}/admin/",
        f"  Mail it sends    {address}/dev/mail/",
        f"  Its data         {settings.DATA_DIR}",
    ]
    if where_to_pay:
        lines.append(f"  Stripe sandbox   {where_to_pay}")
    if settings.DEMO and settings.DEBUG:
        lines += [
            "",
            "  Demo logins, all with the password learn-by-doing:",
            "    student@example.com    instructor@example.com    admin@example.com",
        ]
    elif not User.objects.filter(role=Role.ADMIN).exists():
        lines += ["", "  Nobody runs this site yet: python manage.py create_admin you@example.com"]
    return "\n".join([*lines, "", "  Ctrl+C ends it.", ""])
