"""Every page of the address table as each person gets it: its HTML, its weight, and what it may not contain."""

import gzip
import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.test import Client

from lms.testing.markup import complaints
from lms.tests.access_table import PEOPLE, rows
from lms.tests.test_access import people, values  # noqa: F401  # the world that the table speaks of

OK = 200
FIRST_VISIT = 100_000
NEXT_VISIT = 25_000
LINKED = re.compile(r'(?:href|src)="/static/([^"?]+\.(?:css|js))"')
INLINE = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=\"")
# A mail as its reader's program gets it: of tables and styles within, as no page is.
MAIL = re.compile(r"^/dev/mail/.+/html/$")
# The rows in one table differ for bob and carol or alice and erin by what they may see, not by how it is built.
LOOKED_AT = ("visitor", "bob", "alice", "dan")


def html_pages(people: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:  # noqa: F811  # pytest's fixtures
    """Return the HTML of every page of the table, by person and path."""
    found: dict[str, str] = {}
    for name in people.keys() & set(LOOKED_AT):
        client = Client()
        if people[name]:
            client.force_login(people[name])
        for path in paths_for(name, values):
            answer = client.get(path)
            if is_page(answer):
                found[f"{name} {path}"] = answer.text
    return found


def is_page(answer: Any) -> bool:
    """Return whether this is a whole page, and not a file, or a piece that a script puts into one."""
    is_html = answer.headers.get("Content-Type", "").startswith("text/html")
    return is_html and answer.text.lstrip().lower().startswith("<!doctype html>")


def paths_for(name: str, values: dict[str, Any]) -> list[str]:  # noqa: F811  # pytest's fixtures
    """Return the pages that this person can open, by the table."""
    column = PEOPLE.index(name)
    return [
        path.format(**values)
        for method, path, statuses in rows()
        if method == "GET" and statuses[column] == OK and not path.startswith("/api/") and not MAIL.match(path)
    ]


def packed(text: bytes) -> int:
    """Return how many bytes go over the wire, as the proxy and WhiteNoise compress them."""
    return len(gzip.compress(text, 6))


def test_no_page_has_an_error_in_its_html(people: dict[str, Any], values: dict[str, Any], tmp_path: Path) -> None:  # noqa: F811  # pytest's fixtures
    pages = html_pages(people, values)
    assert len(pages) > len(LOOKED_AT)
    assert complaints(pages, tmp_path) == []


def test_no_page_holds_a_script_or_a_style_of_its_own(people: dict[str, Any], values: dict[str, Any]) -> None:  # noqa: F811  # pytest's fixtures
    pages = html_pages(people, values)
    assert {name: INLINE.findall(html) for name, html in pages.items() if INLINE.search(html)} == {}


def test_every_page_is_light(people: dict[str, Any], values: dict[str, Any]) -> None:  # noqa: F811  # pytest's fixtures
    """UI.md's weight: 100 kB the first time, 25 kB after, fonts and images aside."""
    heavy = {}
    for name, html in html_pages(people, values).items():
        own = packed(html.encode())
        linked = sum(packed(Path(finders.find(file)).read_bytes()) for file in set(LINKED.findall(html)))
        if own > NEXT_VISIT or own + linked > FIRST_VISIT:
            heavy[name] = (own, own + linked)
    assert heavy == {}
