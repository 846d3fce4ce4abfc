"""Forms of the account pages. They check shape; the services decide."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts import limits, passwords
from accounts.errors import AccountError
from accounts.models import User, one_line


class LoginForm(AuthenticationForm):
    """E-mail and password."""

    username = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    # In how many seconds another try makes sense, when there were too many.
    retry_after: int | None = None

    def clean(self) -> dict[str, Any]:
        """Check the password as every door does, lockout included; show on the form why it was refused."""
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if email and password:
            try:
                self.user_cache = passwords.check(email=email, password=password, request=self.request)
            except limits.LimitError as error:
                self.retry_after = error.retry_after
                raise forms.ValidationError(str(error.detail), code=error.code) from error
            except AccountError as error:
                raise forms.ValidationError(
                    _("E-mail address or password is wrong. Check both; capital letters count in the password."),
                    code=error.code,
                ) from error
        return self.cleaned_data


def _password(label: Any, autocomplete: str, **kwargs: Any) -> forms.CharField:
    """Return a field for a password, as long and as strange as anybody likes."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=4096, strip=False, widget=widget, **kwargs)


def _own_password() -> forms.CharField:
    return _password(_("Your password"), "current-password", help_text=_("To be sure that it is you."))


def _new_password() -> forms.CharField:
    help_text = _("At least 8 characters. A few words in a row are easy to keep and hard to guess.")
    return _password(_("New password"), "new-password", min_length=8, help_text=help_text)


class CodeForm(forms.Form):
    """A code of the second factor, or a recovery code."""

    code = forms.CharField(
        label=_("Code"), max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}),
    )  # fmt: skip


class EmailForm(forms.Form):
    """Whose mail is meant."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class NewPasswordForm(forms.Form):
    """A password to set by a mailed link, which the form carries along."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=200)
    new_password = _new_password()


class TokenForm(forms.Form):
    """A button that uses a mailed link: opening it must not, since mail readers open links by themselves."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=200)


class ProofForm(forms.Form):
    """What shows that it is the account's owner who sits there: the password, and a code where the second factor is
    on."""

    password = _own_password()
    code = forms.CharField(
        label=_("Code"), max_length=32, help_text=_("From your app, your mail, or one of your recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
    )  # fmt: skip

    def __init__(self, *args: Any, second_factor: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not second_factor:
            del self.fields["code"]


class PasswordChangeForm(ProofForm):
    """The old password and the new one."""

    field_order = ("password", "new_password", "code")
    new_password = _new_password()


class EmailChangeForm(ProofForm):
    """A new address."""

    field_order = ("email", "password", "code")
    email = forms.EmailField(
        label=_("New e-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("We send a link there. Your address changes when you open it."),
    )  # fmt: skip


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
    language = forms.ChoiceField(
        label=_("Language"), required=False, help_text=_("Of these pages, and of the mails that you get.")
    )

    class Meta:
        model = User
        fields = ["full_name", "time_zone", "language"]
        labels = {"full_name": _("Your name")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zoneinfo.available_timezones())
        if len(settings.LANGUAGES) == 1:  # nothing to choose
            del self.fields["language"]
        else:
            self.fields["language"].choices = [("", _("As my browser asks")), *settings.LANGUAGES]  # type: ignore[attr-defined]  # as below
        self.fields["time_zone"].choices = [("", _("The site's"))] + [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]  # Field has no choices, ChoiceField has
