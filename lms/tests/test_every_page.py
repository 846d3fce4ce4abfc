"""Every page of the address table as each person gets it: its HTML, its weight, and what it may not contain."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, override_settings

from lms.testing.lasting import undone
from lms.testing.markup import complaints
from lms.tests.access_table import PEOPLE, rows
from lms.tests.lasting_access_world import World, everybody, the_world

__all__ = ["the_world"]  # a fixture

pytestmark = [
    pytest.mark.xdist_group("every page"),  # asked for once, for all of these tests
    pytest.mark.django_db,
]
OK = 200
FIRST_VISIT = 100_000
NEXT_VISIT = 25_000
LINKED = re.compile(r'(?:href|src)="/static/([^"?]+\.(?:css|js))"')
INLINE = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=\"")
# A mail as its reader's program gets it: of tables and styles within, as no page is.
MAIL = re.compile(r"^/dev/mail/.+/html/$")
# The rows in one table differ for bob and carol or alice and erin by what they may see, not by how it is built.
LOOKED_AT = ("visitor", "bob", "alice", "dan")


def html_pages(people: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:
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


def paths_for(name: str, values: dict[str, Any]) -> list[str]:
    """Return the pages that this person can open, by the table."""
    column = PEOPLE.index(name)
    return [
        path.format(**values)
        for method, path, statuses in rows()
        if method == "GET" and statuses[column] == OK and not path.startswith("/api/") and not MAIL.match(path)
    ]


def linked_files(pages: dict[str, str]) -> set[str]:
    """Return the style sheets and scripts that any of these pages asks for."""
    return {file for html in pages.values() for file in LINKED.findall(html)}


def packed(text: bytes) -> int:
    """Return how many bytes go over the wire, as the proxy and WhiteNoise compress them."""
    return len(gzip.compress(text, 6))


@pytest.fixture(scope="module")
def pages(the_world: World, django_db_blocker: Any) -> dict[str, str]:  # pytest's fixture
    """The HTML of every page of the table, by person and path; each was asked for once."""
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=the_world.files), undone():
        found = html_pages(everybody(the_world), the_world.made[1])
    assert len(found) > len(LOOKED_AT)
    return found


def test_no_page_has_an_error_in_its_html(pages: dict[str, str], tmp_path: Path) -> None:
    assert complaints(pages, tmp_path) == []


def test_no_page_holds_a_script_or_a_style_of_its_own(pages: dict[str, str]) -> None:
    assert {name: INLINE.findall(html) for name, html in pages.items() if INLINE.search(html)} == {}


def test_every_page_is_light(pages: dict[str, str]) -> None:
    """UI.md's weight: 100 kB the first time, 25 kB after, fonts and images aside."""
    linked = {file: packed(Path(finders.find(file)).read_bytes()) for file in linked_files(pages)}
    heavy = {}
    for name, html in pages.items():
        own = packed(html.encode())
        whole = own + sum(linked[file] for file in set(LINKED.findall(html)))
        if own > NEXT_VISIT or whole > FIRST_VISIT:
            heavy[name] = (own, whole)
    assert heavy == {}
