"""The house rules that a linter does not know."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from lucide import IconDoesNotExist

from lms.platform.templatetags.components import lucide

ROOT: Path = settings.BASE_DIR
GENERATED = ("migrations", "djstripe_migrations")
LONGEST_FILE = 600


def sources(*endings: str) -> list[Path]:
    folders = [ROOT / config.name.replace(".", "/") for config in apps.get_app_configs() if in_this_tree(config.path)]
    folders += [ROOT / "lms", ROOT / "templates", ROOT / "static"]
    found = {path for folder in folders for ending in endings for path in folder.rglob(f"*{ending}")}
    return sorted(path for path in found if not set(path.parts) & set(GENERATED))


def in_this_tree(path: str) -> bool:
    return Path(path).is_relative_to(ROOT) and ".venv" not in path


@pytest.mark.parametrize("ending", [".py", ".html", ".css", ".js"])
def test_no_file_is_longer_than_six_hundred_lines(ending: str) -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources(ending)}
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_every_silenced_check_says_why() -> None:
    silent = re.compile(r"#\s*(noqa: [A-Z0-9, ]+|type: ignore\[[a-z-, ]+\])(?P<rest>.*)$")
    bare = re.compile(r"#\s*(noqa(?!:)|type: ignore(?!\[))")
    unexplained = []
    for path in sources(".py"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            found = silent.search(line)
            if bare.search(line) or (found and "#" not in found["rest"]):
                unexplained.append(f"{path.relative_to(ROOT)}:{number}")
    # The words themselves stand in this test.
    assert [place for place in unexplained if "test_tree" not in place] == []


def test_no_import_stands_inside_a_function() -> None:
    inside = re.compile(r"^\s+(import |from \S+ import )")
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(".py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if inside.match(line)
    ]
    assert places == []


def test_no_file_is_named_for_nothing() -> None:
    names = {path.stem for path in sources(".py")}
    assert names & {"utils", "helpers", "misc", "common", "util", "helper"} == set()


def test_templates_hold_no_script_or_style_of_their_own() -> None:
    inline = re.compile(r"<style|<script(?![^>]* src=)| style=|\son[a-z]+=")
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(".html")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        # Mail readers know no style sheets; the design page shows the words.
        if inline.search(line) and "mail" not in path.parts
    ]
    assert places == []


# On paper there is no dark mode, and WeasyPrint is given these files alone.
PRINTED = ("certificate.css", "receipt.css")


def test_only_the_tokens_name_raw_colours() -> None:
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgb\(|\bhsl\(")
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(".css")
        if path.name not in ("tokens.css", *PRINTED)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if colour.search(line)
    ]
    assert places == []


def test_styles_name_no_left_and_no_right() -> None:
    """So that a language written from right to left needs no second stylesheet."""
    physical = re.compile(
        r"(?<![\w-])((margin|padding|border|inset)-(left|right|top|bottom)|(min-|max-)?(width|height)|left|right|top|bottom)\s*:"
        r"|(text-align|float):\s*(left|right)"
    )
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(".css")
        if path.name not in PRINTED
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if physical.search(re.sub(r"@(media|container)[^{]*\{|/\*.*?\*/", "", line))
    ]
    assert places == []


def test_every_icon_that_a_template_names_exists() -> None:
    named = re.compile(r'(?:lucide |icon=|icon_after=)"([a-z0-9-]+)"')
    names = {name for path in sources(".html") for name in named.findall(path.read_text())}
    assert {name for name in names if not drawn(name)} == set()


def drawn(name: str) -> bool:
    """Return whether Lucide has such an icon."""
    try:
        lucide(name)
    except IconDoesNotExist:
        return False
    return True
