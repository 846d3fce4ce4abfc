"""Tests for the conversion and formatting of amounts."""

from decimal import Decimal

import pytest

from core.text import money


@pytest.mark.quality("P10")
@pytest.mark.parametrize(
    ("minor", "currency", "major"),
    [(4900, "EUR", "49.00"), (1, "USD", "0.01"), (500, "JPY", "500"), (1234, "KWD", "1.234"), (0, "EUR", "0.00")],
)
def test_minor_units_depend_on_the_currency(minor: int, currency: str, major: str) -> None:
    assert str(money.to_major(minor, currency)) == major
    assert money.to_minor(Decimal(major), currency) == minor


@pytest.mark.quality("P10")
@pytest.mark.parametrize(("major", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("1.2345", "KWD")])
def test_amounts_with_too_many_decimals_are_rejected(major: str, currency: str) -> None:
    with pytest.raises(ValueError, match="decimals"):
        money.to_minor(Decimal(major), currency)


def test_amounts_are_formatted_without_zero_decimals() -> None:
    assert money.format_amount(4900, "EUR") == "€49"
    assert money.format_amount(4950, "EUR") == "€49.50"
    assert money.format_amount(123456700, "EUR") == "€1,234,567"
