"""Money is integer minor units inside, and becomes a decimal or a text only at the edge (QUALITY P10)."""

import re
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language, to_locale

# What an author may choose; every one is known to Stripe. Minor units come from CLDR (0 for JPY, 3 for KWD).
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CAD", "AUD", "NZD", "INR", "BRL", "JPY", "KWD")


def to_major(minor: int, currency: str) -> Decimal:
    """Return `minor` units of `currency` as a decimal in its major unit: 4900 EUR is 49.00, 500 JPY is 500."""
    digits = get_currency_precision(currency)
    return Decimal(minor).scaleb(-digits)


def to_minor(major: Decimal, currency: str) -> int:
    """Return a decimal amount as minor units; raise ValueError when it has more decimals than the currency."""
    minor = major.scaleb(get_currency_precision(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{currency} has {get_currency_precision(currency)} decimals.")
    return int(minor)


def formatted(minor: int, currency: str) -> str:
    """Return the amount as a reader of the active language writes it, without decimals when they are all zero."""
    locale = Locale.parse(to_locale(get_language() or "en"))
    major = to_major(minor, currency)
    if major == major.to_integral_value():
        whole = re.sub(r"\.0+", "", locale.currency_formats["standard"].pattern)  # where the sign stands, too
        return str(format_currency(major, currency, format=whole, currency_digits=False, locale=locale))
    return str(format_currency(major, currency, locale=locale))


def chargeable(minor: int, currency: str) -> int:
    """Return what can be charged of an amount, never more than it: of three decimals, Stripe takes only tens."""
    step = 10 if get_currency_precision(currency) == 3 else 1
    return minor - minor % step
