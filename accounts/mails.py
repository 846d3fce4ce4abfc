"""The kinds of mail about accounts; importing it registers them."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from lms.lib.mail_kinds import Context, Kind, Value, register, time_of

ONCE = _("The link works once, and for an hour. If you did not ask, do nothing.")
SAFETY = _("You get this mail because it concerns the safety of your account.")


def name_of(context: Context) -> str:
    """Return how the reader of a mail is greeted."""
    return str(context["user"].get_short_name())


def sample_reader() -> User:
    """Return somebody to whom one can imagine writing."""
    return User(full_name="Maya Lindqvist", email="maya@example.org")


def _sample(**more: Any) -> dict[str, Any]:
    return {"user": sample_reader(), "token": "a-token-that-opens-nothing", **more}


def _page(name: str) -> Value:
    """Return what says the address of one of our pages."""
    return lambda context: settings.SITE_URL + reverse(name)


def _page_with_token(name: str) -> Value:
    """Return what says the address of a page that the mail's token opens."""
    return lambda context: f"{settings.SITE_URL}{reverse(name)}?token={context['token']}"


def _notice(name: str, title: Any, subject: Any) -> Kind:
    """Return a mail that tells of a change which its reader may not have made."""
    return Kind(
        name=name,
        title=title,
        subject=subject,
        teaser=_("If it was you, all is well."),
        text=_("Hello {name}, this happened to your account just now. If it was you, all is well.\n\n"
               "If it was not, set a new password at once; that ends every login but yours:"),
        address=_page("accounts:reset"),
        label=_("Set a new password"),
        why=SAFETY,
        values={"name": name_of},
        sample=_sample,
    )  # fmt: skip


register(
    Kind(
        name="email_verify",
        title=_("To confirm an address"),
        subject=_("Confirm your e-mail address"),
        teaser=_("One click, and your account is complete."),
        text=_("Hello {name}, please confirm that you read mail at this address:"),
        address=_page_with_token("accounts:verify"),
        label=_("Confirm my address"),
        after=_("The link works once, and for an hour. A new one can be asked for at any time."),
        why=_("You get this mail because an account was made with this address."),
        values={"name": name_of},
        sample=_sample,
    ),
    Kind(
        name="email_change",
        title=_("To confirm a new address"),
        subject=_("Confirm your new e-mail address"),
        teaser=_("It becomes yours with one click."),
        text=_("Hello {name}, you asked to use this address for your account. It becomes yours with this link:"),
        address=_page_with_token("accounts:confirm_email"),
        label=_("Use this address"),
        after=ONCE,
        why=_("You get this mail because somebody gave this address as their new one."),
        values={"name": name_of},
        sample=_sample,
    ),
    Kind(
        name="password_reset",
        title=_("To set a new password"),
        subject=_("Set a new password"),
        teaser=_("This link lets you set it."),
        text=_("Hello {name}, somebody asked for a new password for your account, most likely you. This link lets you "
               "set it:"),
        address=_page_with_token("accounts:reset"),
        label=_("Set a new password"),
        after=_("The link works once, and for an hour. If you did not ask, do nothing: your password stays as it is."),
        why=_("You get this mail because somebody typed your address where one asks for a new password."),
        values={"name": name_of},
        sample=_sample,
    ),
    Kind(
        name="login_code",
        title=_("A code of the second step"),
        subject=_("Your code"),
        teaser=_("It works once, and for five minutes."),
        text=_("Hello {name}, here is the code that you are asked for:"),
        after=_("It works once, and for five minutes. Nobody of ours ever asks you for it. If it was not you who "
                "logged in, change your password: somebody knows it."),
        why=_("You get this mail because codes by mail are your second factor."),
        values={"name": name_of},
        sample=lambda: _sample(code="408 153"),
    ),
    Kind(
        name="data_export",
        title=_("One's data, packed"),
        subject=_("Your data is ready"),
        teaser=_("Log in and fetch it."),
        text=_("Hello {name}, everything this site holds about you is packed, as you asked. Log in and fetch it by "
               "{until}; then it is deleted."),
        address=_page_with_token("accounts:export_download"),
        label=_("Download my data"),
        after=_("The link opens for you alone. If you did not ask for this, set a new password."),
        why=_("You get this mail because you asked for your data."),
        values={"name": name_of, "until": lambda context: time_of(context["expires_at"])},
        sample=lambda: _sample(expires_at=timezone.now() + timedelta(days=3)),
    ),
    _notice("password_changed", _("A changed password"), _("Your password was changed")),
    _notice("mfa_enabled", _("A second factor that is on"), _("Your second factor is on")),
    _notice("mfa_disabled", _("A second factor that is off"), _("Your second factor is off")),
    _notice("email_change_asked", _("A new address that was asked for"), _("A new e-mail address was asked for")),
)  # fmt: skip
