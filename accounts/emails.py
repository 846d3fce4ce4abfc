"""Mail types of the accounts app, registered on import."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.mail.mail_types import Context, MailType, Value, format_time, register

LINK_NOTE = _("The link works once and expires in one hour. If you didn't request this, you can ignore this email.")
SECURITY_REASON = _("You received this email because it concerns the security of your account.")


def name_of(context: Context) -> str:
    """Return the name that greets the recipient of a mail."""
    return str(context["user"].get_greeting_name())


def sample_reader() -> User:
    """Return an unsaved user for samples of mails."""
    return User(full_name="Maya Lindqvist", email="maya@example.org")


def _sample(**more: Any) -> dict[str, Any]:
    return {"user": sample_reader(), "token": "a-sample-token", **more}


def _page_url(name: str) -> Value:
    """Return a function that returns the URL of a page."""
    return lambda context: settings.SITE_URL + reverse(name)


def _page_url_with_token(name: str) -> Value:
    """Return a function that returns the URL of a page with the mail's token."""
    return lambda context: f"{settings.SITE_URL}{reverse(name)}?token={context['token']}"


def _notice(name: str, title: Any, subject: Any) -> MailType:
    """Return a mail type that reports a change which the recipient may not have made."""
    return MailType(
        name=name,
        title=title,
        subject=subject,
        teaser=_("If this was you, no action is needed."),
        text=_("Hello {name}, your account was just changed. If this was you, no action is needed.\n\n"
               "If it wasn't, reset your password now. This logs out all devices:"),
        address=_page_url("accounts:reset"),
        label=_("Set a new password"),
        why=SECURITY_REASON,
        values={"name": name_of},
        sample=_sample,
    )  # fmt: skip


register(
    MailType(
        name="email_verify",
        title=_("Email confirmation"),
        subject=_("Confirm your email address"),
        teaser=_("Confirm your email address to complete your account."),
        text=_("Hello {name}, please confirm your email address:"),
        address=_page_url_with_token("accounts:verify"),
        label=_("Confirm email address"),
        after=_("The link works once and expires in one hour. You can request a new one at any time."),
        why=_("You received this email because an account was created with this address."),
        values={"name": name_of},
        sample=_sample,
    ),
    MailType(
        name="email_change",
        title=_("Email change confirmation"),
        subject=_("Confirm your new email address"),
        teaser=_("Confirm to use this address for your account."),
        text=_("Hello {name}, you asked to use this address for your account. Confirm the change:"),
        address=_page_url_with_token("accounts:confirm_email"),
        label=_("Confirm new address"),
        after=LINK_NOTE,
        why=_("You received this email because a user entered this address as their new email address."),
        values={"name": name_of},
        sample=_sample,
    ),
    MailType(
        name="password_reset",
        title=_("Password reset"),
        subject=_("Set a new password"),
        teaser=_("Use this link to set a new password."),
        text=_("Hello {name}, a new password was requested for your account. Use this link to set one:"),
        address=_page_url_with_token("accounts:reset"),
        label=_("Set a new password"),
        after=_("The link works once and expires in one hour. If you didn't request it, ignore this email: your "
                "password stays the same."),
        why=_("You received this email because a password reset was requested for this address."),
        values={"name": name_of},
        sample=_sample,
    ),
    MailType(
        name="login_code",
        title=_("Login code"),
        subject=_("Your login code"),
        teaser=_("It works once and expires in five minutes."),
        text=_("Hello {name}, enter this code to continue:"),
        after=_("The code works once and expires in five minutes. We never ask you for it. If you didn't try to log "
                "in, change your password: another person knows it."),
        why=_("You received this email because you use email codes for two-factor authentication."),
        values={"name": name_of},
        sample=lambda: _sample(code="408 153"),
    ),
    MailType(
        name="data_export",
        title=_("Data export"),
        subject=_("Your data is ready"),
        teaser=_("Log in and download it."),
        text=_("Hello {name}, the export of your data is ready. Log in and download it by {until}; it is deleted "
               "afterwards."),
        address=_page_url_with_token("accounts:export_download"),
        label=_("Download data"),
        after=_("Only you can open this link. If you didn't request this, change your password."),
        why=_("You received this email because you requested an export of your data."),
        values={"name": name_of, "until": lambda context: format_time(context["expires_at"])},
        sample=lambda: _sample(expires_at=timezone.now() + timedelta(days=3)),
    ),
    _notice("password_changed", _("Password changed"), _("Your password was changed")),
    _notice("mfa_enabled", _("Two-factor authentication on"), _("Two-factor authentication is on")),
    _notice("mfa_disabled", _("Two-factor authentication off"), _("Two-factor authentication is off")),
    _notice("mfa_reset", _("Two-factor authentication reset by staff"),
            _("Two-factor authentication was reset by our staff")),
    _notice("email_change_asked", _("Email change requested"), _("A change of your email address was requested")),
)  # fmt: skip
