"""Tests for the conversion of Markdown to safe HTML (quality row C03)."""

import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from core.text.markdown import plain_to_html, to_html

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><script>alert(1)</script></mtext></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<base href='https://evil.test/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<form action=https://evil.test><input name=password></form>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<div id=main name=location>x</div>",
    "<style>body{display:none}</style>",
    "<link rel=stylesheet href=https://evil.test/x.css>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>",
    "<body onload=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](  javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n[x]",
    "```<script>\nalert(1)\n```",
    "`<script>alert(1)</script>`",
    '[x](https://a.test "onmouseover=alert(1)")',
    "<!-- <script>alert(1)</script> -->",
    "<a href='//evil.test' onclick=alert(1) style='position:fixed'>x</a>",
    "<iframe src=https://www.youtube.com.evil.test/embed/abcdefgh></iframe>",
    "<iframe src=https://www.youtube.com/embed/abcdefgh><script>alert(1)</script></iframe>",
    "<video src=https://evil.test/x.mp4 poster=javascript:alert(1) autoplay></video>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mi><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<td style='background:url(javascript:alert(1));text-align:right'>x</td>",
    "<h2 id=main class=button>x</h2>",
    "<p title='<iframe src=&quot;https://evil.test&quot;></iframe>'>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<img src=`x` alt='`><script>alert(1)</script>'>",
]
TAG = re.compile(r"<\s*([a-z0-9]+)((?:\s[^>]*)?)>", re.IGNORECASE)
DANGEROUS_TAGS = {
    "script", "object", "embed", "svg", "math", "base", "meta", "link", "style", "form", "input", "body", "noscript",
}  # fmt: skip
ONLY_FROM_HTML = {"iframe", "video", "audio", "details", "source"}
DANGEROUS_ATTRIBUTES = re.compile(r"\s(on\w+|style|name|srcdoc|action|formaction|autoplay)\s*=", re.IGNORECASE)


def assert_harmless(html: str, tags: set[str]) -> None:
    for tag, attributes in TAG.findall(html):
        assert tag.lower() not in tags
        assert not DANGEROUS_ATTRIBUTES.search(re.sub(r'"[^"]*"', '""', attributes))
        for name in re.findall(r'\sid="([^"]*)"', attributes):
            assert name.startswith("text-")
        for address in re.findall(r'(?:href|src|poster)="([^"]*)"', attributes):
            assert re.match(r"(https?:|mailto:|/|#|[^:]*$)", address), address
            assert tag != "iframe" or address.startswith("https://www.youtube-nocookie.com/embed/")


@pytest.mark.quality("C03")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_is_rendered_as_markup(payload: str) -> None:
    assert_harmless(to_html(payload, id_prefix="text-"), DANGEROUS_TAGS | ONLY_FROM_HTML)


@pytest.mark.quality("C03")
@pytest.mark.parametrize(
    "around", ["%s", "Some *words*, %s", "<div>%s</div>", "<table><tr><td>\n\n%s\n\n</td></tr></table>"]
)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_survives_in_the_html_of_authors(payload: str, around: str) -> None:
    assert_harmless(to_html(around % payload, allow_html=True, id_prefix="text-"), DANGEROUS_TAGS)


def test_common_markdown_is_rendered() -> None:
    html = to_html(
        "# Title\n\nA *word*, a **word**, `code`, ~~gone~~.\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n"
        "1. one\n2. two\n\n> quoted\n\n![a cat](/cat.png)\n\n[link](https://a.test)\n",
        id_prefix="text-",
    )
    tags = (
        '<h2 id="text-title">Title</h2>',
        "<em>word</em>",
        "<strong>word</strong>",
        "<code>code</code>",
        "<table>",
        "<ol>",
    )
    links = ('<img src="/cat.png" alt="a cat">', 'href="https://a.test"', 'rel="nofollow noopener noreferrer"')
    for expected in (*tags, "<blockquote>", *links):
        assert expected in html


def test_code_is_highlighted_on_the_server() -> None:
    html = to_html("```python\ndef tea():\n    return 1\n```")
    assert '<span class="k">def</span>' in html


def test_code_in_an_unknown_language_is_escaped() -> None:
    assert "if x &lt; 1" in to_html("```klingon\nif x < 1\n```")


def test_classes_of_the_sites_components_are_removed() -> None:
    html = to_html('<span class="button">x</span>\n\n```button\nx\n```')
    assert [attributes for _tag, attributes in TAG.findall(html) if "button" in attributes] == []


REL = 'rel="nofollow noopener noreferrer"'


@pytest.mark.parametrize("render", [to_html, plain_to_html])
def test_bare_addresses_are_links_without_the_punctuation_after_them(render: Callable[[str], str]) -> None:
    html = render("Read https://a.test/x?y=1&z=2, then (www.b.test/y). Write to me@c.test!")
    for address, shown in (
        ("https://a.test/x?y=1&amp;z=2", "https://a.test/x?y=1&amp;z=2"),
        ("http://www.b.test/y", "www.b.test/y"),
        ("mailto:me@c.test", "me@c.test"),
    ):
        [link] = re.findall(f'<a [^>]*href="{re.escape(address)}"[^>]*>{re.escape(shown)}</a>', html)
        assert REL in link


def test_an_address_within_code_or_a_link_is_no_second_link() -> None:
    assert "<a" not in to_html("`https://a.test`")
    assert to_html("[https://a.test](https://b.test)").count("<a ") == 1


def test_task_lists_show_their_ticks_as_disabled_checkboxes() -> None:
    html = to_html("- [ ] boil *water*\n- [x] add `tea`")
    assert '<input type="checkbox" disabled aria-label="boil water"> boil <em>water</em>' in html
    assert '<input type="checkbox" disabled checked aria-label="add tea"> add <code>tea</code>' in html


def test_the_name_of_a_checkbox_is_escaped() -> None:
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in to_html('- [ ] a "b" <c>')


@pytest.mark.parametrize("id_prefix", ["", "text-"])
def test_footnotes_and_anchors_lead_to_ids_of_the_same_text(id_prefix: str) -> None:
    html = to_html("# One\n\n# One\n\n# Größe\n\n[a](#one-1) [b](#größe) [^1]\n\n[^1]: note", id_prefix=id_prefix)
    ids = re.findall(r'\sid="([^"]+)"', html)
    links = [unquote(link) for link in re.findall('href="#([^"]+)"', html)]
    assert len(links) == 4
    assert len(set(ids)) == len(ids) == 5
    assert set(links) <= set(ids)
    assert all(re.match(id_prefix or r"t[0-9a-f]{8}-", name) for name in ids)


def test_a_link_to_an_id_of_the_page_stays_within_the_text() -> None:
    assert 'href="#text-main"' in to_html("[x](#main)", id_prefix="text-")


@pytest.mark.parametrize("environment", ["aligned", "align", "align*", "gathered", "cases", "pmatrix", "equation"])
def test_an_environment_is_a_formula(environment: str) -> None:
    source = f"\\begin{{{environment}}}\na &= b \\\\\nc &= d\n\\end{{{environment}}}"
    for text in (source, f"Text\n{source}\n\nmore", f"$${source}$$"):
        html = to_html(text)
        assert html.count("<mtr>") == 2, html
        assert "&amp;" not in html
        assert "<mi>&" not in html


def test_an_environment_without_an_end_is_text() -> None:
    assert "<math" not in to_html("\\begin{aligned}\na &= b\n\n# Next")


@pytest.mark.parametrize(
    "text", ["from $5 to 6$", "$5 and $10", "$ x$", "$x $", "costs $x$5", "US$5, CA$6", "$1,000 per year, $12 a month"]
)
def test_prices_are_not_formulas(text: str) -> None:
    assert to_html(text) == f"<p>{text}</p>\n"


@pytest.mark.parametrize("formula", ["$x$", "$5x$", "$2 + 3$", "$5$", "($n$)", "$x$-axis", "$$x$$"])
def test_text_between_dollars_is_a_formula(formula: str) -> None:
    assert to_html(formula).count("<math") == 1
