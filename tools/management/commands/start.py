"""Start the site for development in one process."""

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
from lms.environment import SOCKET_OPTIONS
from tools.ports import HOST, free_port
from tools.stripe_sandbox import process


class Command(BaseCommand):
    """Migrates, loads the demo, prints the addresses, and serves HTTP and WebSockets in one process."""

    help = "Start the site on this machine, as `make run` does."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--port", type=int, default=settings.PORT, help="port to listen on (default: $PORT or 8000)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until interrupted; raise CommandError if the port is in use."""
        port: int = options["port"]
        if _is_port_in_use(port):
            raise CommandError(f"Port {port} is already in use. Choose another port: PORT={port + 1} make run")
        call_command("migrate", verbosity=0)
        if settings.DEMO and settings.DEBUG:
            call_command("seed_demo", stdout=self.stdout)
        with _run_stripe_sandbox(port) as sandbox:
            self.stdout.write(_welcome(port, sandbox))
            _start_periodic_jobs()
            log_options: dict[str, Any] = {"log_level": "warning", "access_log": False}
            uvicorn.run("lms.asgi:application", host=HOST, port=port, **log_options, **SOCKET_OPTIONS)


@contextmanager
def _run_stripe_sandbox(port: int) -> Iterator[str]:
    """Run the Stripe sandbox on its usual port, or on a free one if that is in use; yield its address.

    Yields an empty string if real Stripe keys are set or `STRIPE_API_HOST` names a running sandbox.
    """
    if not settings.STRIPE_SANDBOX or os.environ.get("STRIPE_API_HOST"):
        yield ""
        return
    wanted = urlsplit(settings.STRIPE_API_HOST).port or 8420
    with process.run_sandbox(free_port(wanted), store=settings.DATA_DIR / "stripe-sandbox.pickle") as address:
        settings.STRIPE_API_HOST = address
        process.send_events_to(f"http://{HOST}:{port}", address)
        yield address


def _start_periodic_jobs() -> None:
    """Run Celery beat in a thread if tasks run in the calling process (without Redis)."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        app.loader.import_default_modules()  # beat must know all tasks to run them in this process
        beat: Any = EmbeddedService(app, thread=True, schedule_filename=str(settings.DATA_DIR / "periodic-jobs"))
        beat.start()


def _is_port_in_use(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) == 0


def _welcome(port: int, sandbox: str) -> str:
    """Return the addresses and demo logins to print."""
    address = f"http://{HOST}:{port}"
    lines = [
        "",
        f"  Site             {address}",
        f"  API              {address}/api/v1/docs/",
        f"  Admin            {address}/admin/",
        f"  Sent mail        {address}/dev/mail/",
        f"  Data             {settings.DATA_DIR}",
    ]
    if sandbox:
        lines.append(f"  Stripe sandbox   {sandbox}")
    if settings.DEMO and settings.DEBUG:
        lines += [
            "",
            "  Demo accounts (password: learn-by-doing):",
            "    student@example.com    instructor@example.com    admin@example.com",
        ]
    elif not User.objects.filter(role=Role.ADMIN).exists():
        lines += ["", "  There is no administrator yet. Run: python manage.py create_admin you@example.com"]
    return "\n".join([*lines, "", "  Press Ctrl+C to stop.", ""])
