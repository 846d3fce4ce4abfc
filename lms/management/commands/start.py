"""`manage.py start`: everything between a checkout and a running site."""

import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

HOST = "127.0.0.1"


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
        self.stdout.write(_welcome(port))
        uvicorn.run("lms.asgi:application", host=HOST, port=port, log_level="warning", access_log=False)


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((HOST, port)) == 0


def _welcome(port: int) -> str:
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
    if settings.DEMO and settings.DEBUG:
        lines += [
            "",
            "  Demo logins, all with the password learn-by-doing:",
            "    student@example.com    instructor@example.com    admin@example.com",
        ]
    return "\n".join([*lines, "", "  Ctrl+C ends it.", ""])
