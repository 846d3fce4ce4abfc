"""Tests for every page of the access table: valid HTML, size, and no inline scripts or styles."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, override_settings

from lms.tests.access_fixtures import World, everybody, the_world
from lms.tests.access_table import PEOPLE, rows
from tools.testing.markup import validate_html
from tools.testing.module_data import rolled_back

__all__ = ["the_world"]  # a fixture

pytestmark = [
    pytest.mark.xdist_group("every page"),  # the pages are fetched once for all of these tests
    pytest.mark.django_db,
]
OK = 200
FIRST_VISIT = 100_000
NEXT_VISIT = 25_000
LINKED = re.compile(r'(?:href|src)="/static/([^"?]+\.(?:css|js))"')
INLINE = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=\"")
# HTML of a mail, which uses tables and inline styles, unlike pages.
MAIL = re.compile(r"^/dev/mail/.+/html/$")
# Pages of carol and erin have the same structure as those of bob and alice.
LOOKED_AT = ("visitor", "bob", "alice", "dan")


def html_pages(people: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:
    """Return the HTML of every page of the table, by user and path."""
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
    """Return whether the response is a complete page, not a file or an HTML fragment."""
    is_html = answer.headers.get("Content-Type", "").startswith("text/html")
    return is_html and answer.text.lstrip().lower().startswith("<!doctype html>")


def paths_for(name: str, values: dict[str, Any]) -> list[str]:
    """Return the paths of the pages that the user can open according to the table."""
    column = PEOPLE.index(name)
    return [
        path.format(**values)
        for method, path, statuses in rows()
        if method == "GET" and statuses[column] == OK and not path.startswith("/api/") and not MAIL.match(path)
    ]


def linked_files(pages: dict[str, str]) -> set[str]:
    """Return the style sheets and scripts that the pages link to."""
    return {file for html in pages.values() for file in LINKED.findall(html)}


def packed(text: bytes) -> int:
    """Return the size in bytes after compression."""
    return len(gzip.compress(text, 6))


@pytest.fixture(scope="module")
def pages(the_world: World, django_db_blocker: Any) -> dict[str, str]:  # pytest's fixture
    """Return the HTML of every page of the table, by user and path."""
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=the_world.files), rolled_back():
        found = html_pages(everybody(the_world), the_world.objects[1])
    assert len(found) > len(LOOKED_AT)
    return found


def test_every_page_is_valid_html(pages: dict[str, str], tmp_path: Path) -> None:
    assert validate_html(pages, tmp_path) == []


def test_no_page_contains_an_inline_script_or_style(pages: dict[str, str]) -> None:
    assert {name: INLINE.findall(html) for name, html in pages.items() if INLINE.search(html)} == {}


def test_every_page_is_within_its_size_limit(pages: dict[str, str]) -> None:
    """A page weighs at most 100 kB on the first visit and 25 kB after it, without fonts and images."""
    linked = {file: packed(Path(finders.find(file)).read_bytes()) for file in linked_files(pages)}
    heavy = {}
    for name, html in pages.items():
        own = packed(html.encode())
        whole = own + sum(linked[file] for file in set(LINKED.findall(html)))
        if own > NEXT_VISIT or whole > FIRST_VISIT:
            heavy[name] = (own, whole)
    assert heavy == {}
