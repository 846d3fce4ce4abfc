"""Tests for HTML in the texts of authors (quality row C03)."""

import re
import time
from typing import Any

import pytest

from core.text import markdown
from core.text.markdown import to_html

FILE = "/files/0b0e1a52-51b7-4a3c-9d0c-0c9d2bd5a0ee"
PLAYER = "https://www.youtube-nocookie.com/embed/abcdefgh"


def render(text: str) -> str:
    return to_html(text, allow_html=True, id_prefix="text-")


def test_the_elements_of_a_lesson_are_kept() -> None:
    for html in (
        "<p>H<sub>2</sub>O, x<sup>2</sup>, <mark>new</mark></p>",
        "<ul><li>one</li></ul>",
        '<figure><img src="/cat.png" alt="A cat"><figcaption>A cat</figcaption></figure>',
        '<details open=""><summary>More</summary><p>Text</p></details>',
        '<table><tbody><tr><th scope="col" colspan="2">a</th><td rowspan="3">b</td></tr></tbody></table>',
        '<h3 id="text-part">Part</h3>',
        '<p dir="rtl" lang="ar">x</p>',
    ):
        assert render(html).strip() == html


def test_the_alignment_of_cells_is_the_only_style_that_is_kept() -> None:
    html = render(
        '<table><tr><td style="color:red; text-align: Right">1</td></tr></table><p style="text-align:left">x</p>'
    )
    assert '<td align="right">1</td>' in html
    assert "<p>x</p>" in html
    assert "style" not in html


def test_huge_spans_of_cells_are_removed() -> None:
    assert "colspan" not in render('<table><tr><td colspan="100000">1</td></tr></table>')


def test_the_main_heading_moves_one_level_down() -> None:
    assert render("<h1>Title</h1>").strip() == "<h2>Title</h2>"


def test_indented_html_after_a_blank_line_is_not_code() -> None:
    html = render("<div>\n\n    <p>one</p>\n\n    two\n\n</div>")
    assert "<code>" not in html
    assert "<p>one</p>" in html


def test_a_document_of_html_alone_is_not_read_as_markdown() -> None:
    html = render(
        "<!doctype html><html><head><title>T</title><style>p{}</style></head><body><p>2 * 3 * 4\n\n    is_a_b $x$</p>"
    )
    assert html == "<p>2 * 3 * 4\n\n    is_a_b $x$</p>"


def test_markdown_between_elements_is_rendered() -> None:
    html = render("<details><summary>More</summary>\n\nSome **bold** words and $x^2$\n\n</details>")
    assert "<strong>bold</strong>" in html
    assert "<math" in html


def test_text_that_begins_with_an_address_in_angle_brackets_is_markdown() -> None:
    assert "<code>code" in render("<https://a.test>\n\n    code")


@pytest.mark.parametrize(
    "source", [PLAYER, "https://www.youtube.com/embed/abcdefgh", "//www.youtube.com/embed/abcdefgh"]
)
def test_players_are_framed_in_a_sandbox(source: str) -> None:
    [attributes] = re.findall("<iframe([^>]*)></iframe>", render(f'<iframe src="{source}" onload="x()"></iframe>'))
    assert f'src="{PLAYER}"' in attributes
    assert "sandbox=" in attributes
    assert 'loading="lazy"' in attributes
    assert 'title="www.youtube-nocookie.com"' in attributes


@pytest.mark.parametrize(
    "source",
    ["https://evil.test/", "http://player.vimeo.com/video/1", "https://player.vimeo.com.evil.test/video/1",
     "https://player.vimeo.com@evil.test/video/1", "https://www.youtube.com/redirect?q=x"],
)  # fmt: skip
def test_a_frame_of_another_host_becomes_a_link(source: str) -> None:
    html = render(f'<iframe src="{source}"></iframe>')
    assert "<iframe" not in html
    assert f'<a href="{source}" rel="nofollow noopener noreferrer">{source}</a>' in html


def test_the_site_can_allow_more_players(settings: Any) -> None:
    settings.EMBED_HOSTS = ["https://media.example.org"]
    assert 'src="https://media.example.org/1"' in render('<iframe src="https://media.example.org/1"></iframe>')
    assert "<iframe" not in render('<iframe src="https://media.example.org.evil.test/1"></iframe>')


def test_players_play_files_of_this_site_only(settings: Any) -> None:
    html = render(
        f'<video src="{FILE}/play/"><track src="{FILE}/" kind="captions" srclang="en" label="English"></video>'
    )
    assert re.search(f'<video src="{FILE}/play/"[^>]* controls=""', html)
    assert f'<track src="{FILE}/" kind="captions" srclang="en" label="English">' in html
    assert f'src="{FILE}/play/"' in render(f'<audio src="{settings.SITE_URL}{FILE}/play/"></audio>')
    for source in (
        "https://evil.test/a.mp4",
        "//evil.test/a.mp4",
        "/account/logout/",
        f"https://evil.test{FILE}/play/",
    ):
        assert "src=" not in render(f'<audio src="{source}"></audio><video><source src="{source}"></video>')


def test_html_stays_text_where_it_is_not_allowed() -> None:
    assert to_html("a <b>c</b>") == "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n"


@pytest.mark.quality("V09")
@pytest.mark.parametrize("tag", ["div", "b", "span", "table", "blockquote", "details", "ul", "p", "svg"])
@pytest.mark.parametrize("shape", ["<{0}>", "<{0}></i>", "<i><{0}></i>", "<div><{0}></div></{0}>"])
def test_html_that_is_nested_deep_is_refused_in_bounded_time(tag: str, shape: str) -> None:
    text = (shape.format(tag) * 10_000)[: markdown.MAX_TEXT_LENGTH]
    started = time.process_time()
    html = render(text)
    assert time.process_time() - started < 5
    assert len(html) < markdown.MAX_OUTPUT_LENGTH
    depth = deepest = 0
    for closing, name in re.findall("<(/?)([a-z]+)[^>]*>", html):
        depth += 0 if name in ("br", "hr", "img") else -1 if closing else 1
        deepest = max(deepest, depth)
    assert deepest <= 110


@pytest.mark.quality("V09")
def test_html_of_moderate_depth_is_shown() -> None:
    assert "plain text" not in render("<div>" * 60 + "x" + "</div>" * 60)
    assert "plain text" in render("<div>" * 150 + "x" + "</div>" * 150)
