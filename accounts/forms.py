"""Forms of the account pages. They check shape; the services decide."""

import zoneinfo
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts.models import User, one_line


class LoginForm(AuthenticationForm):
    """E-mail and password."""

    username = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    error_messages = {
        "invalid_login": _("E-mail address or password is wrong. Check both; capital letters count in the password."),
        "inactive": _("E-mail address or password is wrong. Check both; capital letters count in the password."),
    }


class RegistrationForm(forms.Form):
    """Name, e-mail and a password."""

    full_name = forms.CharField(
        label=_("Your name"), max_length=120, validators=[one_line],
        help_text=_("As it should stand on your certificates."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Password"), min_length=8, max_length=4096, strip=False,
        help_text=_("At least 8 characters. A few words in a row are easy to keep and hard to guess."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip


class ProfileForm(forms.ModelForm[User]):
    """What a user says of themselves."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, help_text=_("Dates and deadlines are shown in it.")
    )

    class Meta:
        model = User
        fields = ["full_name", "time_zone"]
        labels = {"full_name": _("Your name")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zoneinfo.available_timezones())
        self.fields["time_zone"].choices = [("", _("The site's"))] + [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]  # Field has no choices, ChoiceField has
