"""Conversion of amounts: stored as integer minor units, converted only for input and output (quality row P10)."""

import re
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language, to_locale

# The currencies that authors may choose, all supported by Stripe. Decimals come from CLDR (0 for JPY, 3 for KWD).
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CAD", "AUD", "NZD", "INR", "BRL", "JPY", "KWD")

# The least amounts that Stripe charges, in minor units (https://docs.stripe.com/currencies, "Minimum and maximum charge
# amounts"). KWD has no own minimum there; the amount is worth more than the 0.50 USD that apply after conversion.
LEAST_CHARGES = {
    "EUR": 50, "USD": 50, "GBP": 30, "CHF": 50, "SEK": 300, "NOK": 300, "DKK": 250, "PLN": 200, "CAD": 50, "AUD": 50,
    "NZD": 50, "INR": 50, "BRL": 50, "JPY": 50, "KWD": 200,
}  # fmt: skip

# A common unit of all currencies, for comparisons: thousandths of the major unit.
THOUSANDTHS_PER_MINOR = {code: 10 ** (3 - get_currency_precision(code)) for code in CURRENCIES}


def to_major(minor: int, currency: str) -> Decimal:
    """Return an amount in the major unit: 4900 minor units of EUR are 49.00, 500 of JPY are 500."""
    digits = get_currency_precision(currency)
    return Decimal(minor).scaleb(-digits)


def to_minor(major: Decimal, currency: str) -> int:
    """Return an amount in minor units; raise ValueError if it has more decimals than the currency."""
    minor = major.scaleb(get_currency_precision(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{currency} has {get_currency_precision(currency)} decimals.")
    return int(minor)


def format_amount(minor: int, currency: str) -> str:
    """Return the amount formatted for the active language, without decimals if they are all zero."""
    locale = Locale.parse(to_locale(get_language() or "en"))
    major = to_major(minor, currency)
    if major == major.to_integral_value():
        # Only the decimals are removed, so that the position of the currency sign stays.
        whole = re.sub(r"\.0+", "", locale.currency_formats["standard"].pattern)
        return str(format_currency(major, currency, format=whole, currency_digits=False, locale=locale))
    return str(format_currency(major, currency, locale=locale))


def round_to_chargeable(minor: int, currency: str) -> int:
    """Round an amount down to one that Stripe accepts: multiples of ten in currencies with three decimals.

    An amount below the least that Stripe charges in the currency is rounded to 0.
    """
    step = 10 if get_currency_precision(currency) == 3 else 1
    rounded = minor - minor % step
    return rounded if rounded >= LEAST_CHARGES[currency] else 0
