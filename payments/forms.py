"""Forms of the checkout."""

from typing import Any

from django import forms
from django.utils.functional import keep_lazy_text
from django.utils.translation import gettext_lazy as _


@keep_lazy_text
def with_card_number(text: Any, number: str) -> str:
    """Insert a card number with non-breaking spaces into the text, so that it stays on one line."""
    return str(text) % {"number": number.replace(" ", "\N{NO-BREAK SPACE}")}


class CouponForm(forms.Form):
    """The code of a coupon."""

    code = forms.CharField(
        label=_("Coupon"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


class CardForm(forms.Form):
    """The choice of a sandbox card."""

    card = forms.ChoiceField(
        label=_("Test card"),
        choices=[
            ("succeeds", with_card_number(_("Succeeds: %(number)s"), "4242 4242 4242 4242")),
            ("declined", with_card_number(_("Declined: %(number)s"), "4000 0000 0000 0341")),
            ("authenticate", with_card_number(_("Requires authentication: %(number)s"), "4000 0025 0000 3155")),
        ],
        initial="succeeds",
        widget=forms.RadioSelect,
    )
