"""Tests for the conversion of TeX formulas to sanitized MathML."""

import re

import pytest

from core.text.markdown import to_html
from core.text.mathml import to_mathml


def test_an_inline_formula_is_rendered_as_mathml() -> None:
    html = to_html("The area is $a^2 < b$, *always*.")
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">' in html or 'display="inline"' in html
    assert "<msup><mi>a</mi><mn>2</mn></msup>" in html
    assert "&lt;" in html
    assert "<em>always</em>" in html


def test_a_formula_between_double_dollar_signs_is_a_block() -> None:
    assert 'display="block"' in to_html("$$\n\\frac{a}{b}\n$$")


def test_prices_are_not_formulas() -> None:
    assert "<math" not in to_html("It costs $5 here and $10 there.")


def test_an_invalid_formula_is_shown_as_code() -> None:
    assert "<code>\\frac{</code>" in to_html("See $\\frac{$ for that.")


@pytest.mark.quality("C03")
@pytest.mark.parametrize(
    "payload",
    [
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{</mtext><script>alert(1)</script>}",
        r"\text{</mtext></mrow></math><script>alert(1)</script>}",
        r"\text{<a href='javascript:alert(1)'>x</a>}",
        r"\text{<style>*{}</style>}",
        r"\href{javascript:alert(1)}{x}",
        r"\class{button}{x}",
        r"\style{position:fixed}{x}",
        r"\text{<!DOCTYPE a [<!ENTITY b 'c'>]>&b;}",
    ],
)
def test_a_formula_cannot_inject_markup(payload: str) -> None:
    html = to_html(f"Look: ${payload}$")
    for forbidden in ("<script", "<img", "<a ", "<style", "<!"):
        assert forbidden not in html
    assert not re.search(r"<[^>]*\b(href|class|style|on\w+)=", html)


@pytest.mark.quality("V09")
@pytest.mark.parametrize("mark", ["&#xE000;{}&#xE001;", "\ue000{}\ue001", "&#57344;{}&#57345;", "formula--{}-"])
@pytest.mark.parametrize("place", [0, 1, 9])
def test_no_text_repeats_a_formula_or_fails(mark: str, place: int) -> None:
    text = mark.format(place)
    html = to_html(f'$x^2$ and {text * 20} and [a](https://a.test "{text}") and ![{text}](https://a.test/b.png)')
    assert html.count("<math") == 1


@pytest.mark.quality("V09")
def test_a_formula_in_an_attribute_is_not_rendered_as_markup() -> None:
    html = to_html('[a](https://a.test "$x^2$") ![$x^2$](https://a.test/b.png "$x^2$") $y^2$')
    assert html.count("<math") == 1
    assert not re.search(r'="[^"]*<', html)


@pytest.mark.parametrize("formula", ["{" * 1000 + "}" * 1000, "x" * 5000, "\\sqrt{" * 300, "x^" * 300])
def test_an_oversized_formula_is_rejected_quickly(formula: str) -> None:
    assert to_mathml(formula) is None
