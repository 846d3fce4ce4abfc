"""Tests for the conversion of Markdown to safe HTML (quality row C03)."""

import re

import pytest

from core.text.markdown import to_html

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
]
TAG = re.compile(r"<\s*([a-z0-9]+)((?:\s[^>]*)?)>", re.IGNORECASE)
DANGEROUS_TAGS = {
    "script", "iframe", "object", "embed", "svg", "math", "base", "meta", "link", "style", "form", "input", "video",
    "body", "details",
}  # fmt: skip


@pytest.mark.quality("C03")
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_is_rendered_as_markup(payload: str) -> None:
    for tag, attributes in TAG.findall(to_html(payload)):
        assert tag.lower() not in DANGEROUS_TAGS
        assert not re.search(r"\s(on\w+|style|id|name|srcdoc|action|formaction)\s*=", attributes, re.IGNORECASE)
        for address in re.findall(r'(?:href|src)="([^"]*)"', attributes):
            assert re.match(r"(https?:|mailto:|/|#|[^:]*$)", address), address


def test_common_markdown_is_rendered() -> None:
    html = to_html(
        "# Title\n\nA *word*, a **word**, `code`, ~~gone~~.\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n"
        "1. one\n2. two\n\n> quoted\n\n![a cat](/cat.png)\n\n[link](https://a.test)\n"
    )
    tags = ("<h2>Title</h2>", "<em>word</em>", "<strong>word</strong>", "<code>code</code>", "<table>", "<ol>")
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
