"""Forms of the checkout."""

from typing import Any

from django import forms
from django.utils.functional import keep_lazy_text
from django.utils.translation import gettext_lazy as _


@keep_lazy_text
def in_one_piece(text: Any, number: str) -> str:
    """Return a text with a card's number in it that is not broken over two lines."""
    return str(text) % {"number": number.replace(" ", "\N{NO-BREAK SPACE}")}


class CouponForm(forms.Form):
    """A coupon's code."""

    code = forms.CharField(
        label=_("Coupon"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


class CardForm(forms.Form):
    """One of the sandbox's cards."""

    card = forms.ChoiceField(
        label=_("Test card"),
        choices=[
            ("succeeds", in_one_piece(_("A card that pays: %(number)s"), "4242 4242 4242 4242")),
            ("declined", in_one_piece(_("A card that is declined: %(number)s"), "4000 0000 0000 0341")),
            ("authenticate", in_one_piece(_("A card whose bank asks first: %(number)s"), "4000 0025 0000 3155")),
        ],
        initial="succeeds",
        widget=forms.RadioSelect,
    )
