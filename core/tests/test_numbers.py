"""Numbers as people type them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.numbers import parse_number, write_number


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("1000", "1000", "1000"), ("1 000", "1000", "1000"), ("1\u00a0000", "1000", "1000"),
        ("1\u202f000\u202f000", "1000000", "1000000"), ("1'000", "1000", "1000"), ("1\u2019000", "1000", "1000"),
        ("1,000", "1000", "1"), ("1.000", "1", "1000"), ("1,000.0", "1000", "1000"), ("1.000,5", "1000.5", "1000.5"),
        ("1,234,567", "1234567", "1234567"), ("1,00,000", "100000", "100000"), ("0,500", "0.5", "0.5"),
        ("3,5", "3.5", "3.5"), ("3.5", "3.5", "3.5"), (".5", "0.5", "0.5"), ("5.", "5", "5"),
        ("\u22125", "-5", "-5"), ("- 5", "-5", "-5"), ("+5", "5", "5"), ("\u20135", "-5", "-5"),
        ("3x10^3", "3000", "3000"), ("3 \u00d7 10^3", "3000", "3000"), ("3·10³", "3000", "3000"),
        ("3\u00d710⁻³", "0.003", "0.003"),
        ("6.022e23", "6.022e23", "6.022e23"), ("6,022E+23", "6.022e23", "6.022e23"), ("2*10**-2", "0.02", "0.02"),
        ("\u0663\u0665", "35", "35"), ("\uff15", "5", "5"), ("1\u200b5", "15", "15"), (" 7 ", "7", "7"),
    ],
)  # fmt: skip
def test_numbers_are_read_in_the_notation_of_the_language(text: str, english: str, german: str) -> None:
    assert parse_number(text, "en") == Decimal(english)
    assert parse_number(text, "de") == Decimal(german)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", ".", ",", "e5", "0x3E8", "1_000", "inf", "nan", "eighty", "1 2", "12 34", "1.2.3", "1,2,3",
        "1e", "1e1000", "1e101", "5 %", "5 m", "1/2", "9" * 200, "--5", "1 000,000 000", "10^",
    ],
)  # fmt: skip
def test_other_texts_are_no_numbers(text: str) -> None:
    assert parse_number(text, "en") is None


@given(
    number=st.integers(-(10**15), 10**15) | st.floats(min_value=-1e90, max_value=1e90),
    language=st.sampled_from(["en", "de", "fr"]),
)
def test_a_written_number_is_read_as_itself(number: float, language: str) -> None:
    assert parse_number(write_number(number, language), language) == Decimal(str(number))


@given(text=st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_number(text, "en")
