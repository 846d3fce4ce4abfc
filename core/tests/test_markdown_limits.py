"""Time and output of one rendering are bounded, whatever the text (quality row V09)."""

import pytest

from core.text import markdown
from core.text.markdown import plain_to_html, to_html

pytestmark = pytest.mark.quality("V09")

SIZE = 99_000
NOTICE = "It is shown as plain text."


def repeat(text: str) -> str:
    return text * (SIZE // len(text))


TOO_COMPLEX = {
    "formulas": repeat("$x$ "),
    "adjacent formulas": repeat("$x$$y$"),
    "formula blocks": repeat("$$x$$\n\n"),
    "long formulas": repeat("$" + "x_1" * 600 + "$ "),
    "task list": repeat("- [ ] a\n"),
    "open brackets": repeat("["),
    "open pictures": repeat("![a"),
    "nested footnotes": repeat("^["),
    "footnotes": "".join(f"[^{number}]\n\n[^{number}]: b\n\n" for number in range(4000)),
    "continued quotes": ">" * 500 + "a\n" + "a\n" * 40_000,
    "table": "a|b\n-|-\n" + repeat("a|b\n"),
    "wide table": "|a" * 1000 + "\n" + "|-" * 1000 + "\n" + repeat("|\n"),
    "blocks": repeat("# a\n"),
    "length": "a" * (markdown.MAX_TEXT_LENGTH + 1),
}


@pytest.mark.parametrize("name", TOO_COMPLEX)
def test_a_text_beyond_a_limit_is_shown_as_plain_text(name: str) -> None:
    html = to_html(TOO_COMPLEX[name])
    assert NOTICE in html
    assert html.endswith(plain_to_html(TOO_COMPLEX[name]))


def test_plain_text_is_escaped_and_keeps_its_whitespace() -> None:
    assert plain_to_html("  <b>\n\tx*2*x & y") == '<div class="typed">  &lt;b&gt;\n\tx*2*x &amp; y</div>'


@pytest.mark.parametrize("text", ["*a ", "**a**b* ", "`a", "<http://a> ", "&amp;", "\\$", ">>>>>a\n\n"])
def test_the_output_is_bounded_within_the_limits(text: str) -> None:
    assert len(to_html(repeat(text))) <= markdown.MAX_OUTPUT_LENGTH


def test_output_beyond_its_limit_is_replaced_by_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "MAX_OUTPUT_LENGTH", 100)
    assert NOTICE not in to_html("*short*")
    assert NOTICE in to_html("*a* " * 30)
    assert NOTICE in to_html("$x^2$ " * 3)


def test_a_large_lesson_is_formatted() -> None:
    text = "# Title\n\n" + ("Some *words* and $x^2$, a [link](https://a.test).\n\n- one\n- two\n\n" * 400)
    html = to_html(text)
    assert NOTICE not in html
    assert html.count("<math") == 400


def test_long_code_is_shown_without_colors() -> None:
    short, long = (f"```python\n{'x = 1' + chr(10)}```\n", "```python\n" + "x = 1\n" * 2000 + "```\n")
    assert '<span class="' in to_html(short)
    assert to_html(short + long + short).count('<span class="n">') == 2
    assert to_html(long).count("x = 1") == 2000
    assert to_html(("```python\n" + "x = 1\n" * 1600 + "```\n") * 6).count('<span class="n">') == 5 * 1600
