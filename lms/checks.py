"""System checks of settings that start without an error but do not work as expected."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

from lms.environment import derive_key

# Backends that write emails to the log, a folder, memory or nowhere.
LOCAL_MAIL_BACKENDS = (
    "core.mail.delivery.",
    *(f"django.core.mail.backends.{name}." for name in ("console", "dummy", "filebased", "locmem")),
)


@register(Tags.security, deploy=True)
def check_production_services(**kwargs: Any) -> list[CheckMessage]:
    """Warn if production runs without Redis or PostgreSQL: sockets and rate limits then work per process only."""
    problems: list[CheckMessage] = []
    if not settings.REDIS_URL:
        problems.append(
            Warning(
                "REDIS_URL is not set: notifications only reach sockets of the process that sends them.",
                hint="Set REDIS_URL to a Redis or Valkey server, or run a single process.",
                id="lms.W001",
            )
        )
    if connection.vendor == "sqlite":
        problems.append(
            Warning(
                "DATABASE_URL is not set: SQLite is limited to one machine and one writer at a time.",
                hint="Set DATABASE_URL to a PostgreSQL database.",
                id="lms.W002",
            )
        )
    return problems


@register(Tags.security, deploy=True)
def check_client_addresses(**kwargs: Any) -> list[CheckMessage]:
    """Warn if the addresses of clients are unknown: production requests arrive over a proxy with TLS (row V11)."""
    if settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "TRUSTED_PROXIES is 0: all visitors have the address of the proxy, and share its rate limits and lockouts.",
            hint="Set TRUSTED_PROXIES to the number of proxies that append to X-Forwarded-For.",
            id="lms.W003",
        )
    ]


@register(Tags.security, deploy=True)
def check_mail_delivery(**kwargs: Any) -> list[CheckMessage]:
    """Require a mail server in production: a folder or a log would keep the links that reset passwords (row V11)."""
    if not settings.EMAIL_BACKEND.startswith(LOCAL_MAIL_BACKENDS):
        return []
    return [Error("EMAIL_URL names no mail server: no user gets an email.", hint="Set EMAIL_URL.", id="lms.E002")]


@register(Tags.security, deploy=True)
def check_audit_key(**kwargs: Any) -> list[CheckMessage]:
    """Warn if the key of the audit log is derived from SECRET_KEY, so that the log depends on that key (row V13)."""
    if derive_key(settings.SECRET_KEY, "audit") != settings.AUDIT_KEY:
        return []
    return [
        Warning(
            "AUDIT_KEY is not set: the audit log is signed with a key derived from SECRET_KEY.",
            hint="Set AUDIT_KEY, or with existing entries, also AUDIT_KEY_FALLBACKS (docs/staff.md).",
            id="lms.W004",
        )
    ]


@register(Tags.security)
def check_site_url(**kwargs: Any) -> list[CheckMessage]:
    """Require a scheme in SITE_URL: links in emails and certificates begin with it."""
    if settings.SITE_URL.startswith(("http://", "https://")):
        return []
    return [Error(f"SITE_URL is {settings.SITE_URL!r}; it must begin with http:// or https://.", id="lms.E001")]
