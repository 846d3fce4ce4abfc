"""System checks on combinations of settings that start, and then hurt."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection


@register(Tags.security, deploy=True)
def one_process_engines_in_production(**kwargs: Any) -> list[CheckMessage]:
    """Production on engines that live inside one process: sockets and rate limits then differ between processes."""
    problems: list[CheckMessage] = []
    if not settings.REDIS_URL:
        problems.append(
            Warning(
                "REDIS_URL is not set: of several processes, only the one that sends a notification would hear it.",
                hint="Point REDIS_URL at Redis or Valkey, or run exactly one process.",
                id="lms.W001",
            )
        )
    if connection.vendor == "sqlite":
        problems.append(
            Warning(
                "DATABASE_URL is not set: SQLite serves one machine and one writer at a time.",
                hint="Point DATABASE_URL at PostgreSQL.",
                id="lms.W002",
            )
        )
    return problems


@register(Tags.security)
def site_url_is_an_address(**kwargs: Any) -> list[CheckMessage]:
    """Mails and certificates link to SITE_URL; a host without a scheme makes links that lead nowhere."""
    if settings.SITE_URL.startswith(("http://", "https://")):
        return []
    return [Error(f"SITE_URL is {settings.SITE_URL!r}; it must begin with http:// or https://.", id="lms.E001")]
