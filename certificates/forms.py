"""Forms about certificates."""

from django import forms
from django.utils.translation import gettext_lazy as _


class FileForm(forms.Form):
    """A PDF to be checked."""

    file = forms.FileField(
        label=_("Certificate as PDF"),
        allow_empty_file=True,
        help_text=_("Up to 5 MB. We compare it with what we printed, and keep nothing of it."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
    )
