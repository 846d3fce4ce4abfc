"""Forms of the account pages. They validate the input; the services check state and permissions."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts import limits, passwords, time_zones
from accounts.errors import AccountError
from accounts.models import User
from core.http.fields import EmailFormField
from core.text.validators import validate_person_name


class BrowserZoneField(forms.CharField):
    """Hidden field for the time zone of the browser, filled by time-zone.js; anything but a time zone is empty."""

    widget = forms.HiddenInput(attrs={"data-time-zone": ""})

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> str:
        """Return the name of the time zone, or an empty string."""
        return value if isinstance(value, str) and time_zones.is_time_zone(value) else ""


class LoginForm(AuthenticationForm):
    """Email address and password."""

    username = EmailFormField(
        label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    time_zone = BrowserZoneField()
    # Seconds until the next attempt, after too many attempts.
    retry_after: int | None = None

    def clean(self) -> dict[str, Any]:
        """Check the password as the API does, lockout included; add its error to the form."""
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if email and password:
            try:
                self.user_cache = passwords.check_credentials(email=email, password=password, request=self.request)
            except limits.LimitError as error:
                self.retry_after = error.retry_after
                raise forms.ValidationError(str(error.detail), code=error.code) from error
            except AccountError as error:
                raise forms.ValidationError(
                    _("Incorrect email address or password. Passwords are case-sensitive."),
                    code=error.code,
                ) from error
        return self.cleaned_data


def _password(label: Any, autocomplete: str, **kwargs: Any) -> forms.CharField:
    """Return a password field without limits on its characters."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=4096, strip=False, widget=widget, **kwargs)


def _own_password() -> forms.CharField:
    """Return a field for the user's current password."""
    return _password(_("Current password"), "current-password", help_text=_("Required to confirm your identity."))


def _new_password() -> forms.CharField:
    """Return a field for a new password."""
    help_text = _("At least 8 characters. A phrase of several words is easy to remember and hard to guess.")
    return _password(_("New password"), "new-password", min_length=8, help_text=help_text)


class CodeForm(forms.Form):
    """A code of the second factor, or a recovery code."""

    code = forms.CharField(
        label=_("Code"), max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}),
    )  # fmt: skip


class LoginCodeForm(CodeForm):
    """The code of a login."""

    time_zone = BrowserZoneField()


class MfaSetupForm(CodeForm):
    """The first code of a second factor, and the password."""

    password = _own_password()


class EmailForm(forms.Form):
    """An email address."""

    email = EmailFormField(label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class NewPasswordForm(forms.Form):
    """A new password, with the token of an emailed link as a hidden field."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=200)
    new_password = _new_password()


class TokenForm(forms.Form):
    """A button that uses an emailed link.

    Opening the link must not use it, because mail clients open links by themselves.
    """

    token = forms.CharField(widget=forms.HiddenInput, max_length=200)


class ReauthenticationForm(forms.Form):
    """The user's password, and a code if the second factor is on."""

    password = _own_password()
    code = forms.CharField(
        label=_("Code"), max_length=32, help_text=_("From your authenticator app or email, or a recovery code."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
    )  # fmt: skip

    def __init__(self, *args: Any, second_factor: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not second_factor:
            del self.fields["code"]


class PasswordChangeForm(ReauthenticationForm):
    """The current and the new password."""

    field_order = ("password", "new_password", "code")
    new_password = _new_password()


class EmailChangeForm(ReauthenticationForm):
    """A new email address."""

    field_order = ("email", "password", "code")
    email = EmailFormField(
        label=_("New email address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("We'll send a link to this address. The change takes effect when you confirm it."),
    )  # fmt: skip


class RegistrationForm(forms.Form):
    """Name, email address and password."""

    full_name = forms.CharField(
        label=_("Full name"), max_length=120, validators=[validate_person_name],
        help_text=_("Shown on your certificates."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    email = EmailFormField(label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"), min_length=8, max_length=4096, strip=False,
        help_text=_("At least 8 characters. A phrase of several words is easy to remember and hard to guess."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    time_zone = BrowserZoneField()


class TimeZoneField(forms.CharField):
    """A time zone, typed or chosen from a list of cities; the page has the list (`time-zones`)."""

    widget = forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"})

    def clean(self, value: Any) -> str:
        """Return the name of the time zone; raise ValidationError for an unknown or ambiguous one."""
        entered = super().clean(value)
        found = time_zones.find_time_zone(entered) if entered else ""
        if found is None:
            raise forms.ValidationError(_("Choose a time zone from the list."), code="invalid_time_zone")
        return found


class TimeZoneForm(forms.Form):
    """The time zone of the browser, for the profile."""

    time_zone = TimeZoneField()


class ProfileForm(forms.ModelForm[User]):
    """The user's name, time zone and language."""

    time_zone = TimeZoneField(
        label=_("Time zone"),
        required=False,
        max_length=64,
        help_text=_("Type a city. Used for dates and deadlines; empty for the time zone of the site."),
    )
    language = forms.ChoiceField(label=_("Language"), required=False, help_text=_("Used for pages and emails."))

    class Meta:
        model = User
        fields = ["full_name", "time_zone", "language"]
        labels = {"full_name": _("Full name")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].widget.attrs["placeholder"] = settings.TIME_ZONE
        if len(settings.LANGUAGES) == 1:  # there is no choice
            del self.fields["language"]
        else:
            self.fields["language"].choices = [("", _("Browser default")), *settings.LANGUAGES]  # type: ignore[attr-defined]  # Field has no choices, ChoiceField has
