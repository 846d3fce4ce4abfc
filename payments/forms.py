"""Forms of the checkout."""

from django import forms
from django.utils.translation import gettext_lazy as _


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
            ("succeeds", _("A card that pays: 4242 4242 4242 4242")),
            ("declined", _("A card that is declined: 4000 0000 0000 0341")),
            ("authenticate", _("A card whose bank asks first: 4000 0025 0000 3155")),
        ],
        initial="succeeds",
        widget=forms.RadioSelect,
    )
