"""Tests for project rules that linters do not cover."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from lucide import IconDoesNotExist

from core.templatetags.components import lucide

ROOT: Path = settings.BASE_DIR
GENERATED = ("migrations", "djstripe_migrations")
MAX_LINES = 600


def sources(*endings: str) -> list[Path]:
    folders = [ROOT / config.name.replace(".", "/") for config in apps.get_app_configs() if in_this_tree(config.path)]
    folders += [ROOT / "lms", ROOT / "templates", ROOT / "static"]
    found = {path for folder in folders for ending in endings for path in folder.rglob(f"*{ending}")}
    return sorted(path for path in found if not set(path.parts) & set(GENERATED))


def in_this_tree(path: str) -> bool:
    return Path(path).is_relative_to(ROOT) and ".venv" not in path


@pytest.mark.parametrize("ending", [".py", ".html", ".css", ".js"])
def test_no_file_has_more_than_600_lines(ending: str) -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources(ending)}
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_every_suppressed_check_has_a_reason() -> None:
    silent = re.compile(r"#\s*(noqa: [A-Z0-9, ]+|type: ignore\[[a-z-, ]+\])(?P<rest>.*)$")
    bare = re.compile(r"#\s*(noqa(?!:)|type: ignore(?!\[))")
    unexplained = []
    for path in sources(".py"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            found = silent.search(line)
            if bare.search(line) or (found and "#" not in found["rest"]):
                unexplained.append(f"{path.relative_to(ROOT)}:{number}")
    # This file contains the patterns themselves.
    assert [place for place in unexplained if "test_tree" not in place] == []


def test_imports_are_at_the_top_of_the_file() -> None:
    inside = re.compile(r"^\s+(import |from \S+ import )")
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(".py")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if inside.match(line) and "noqa: PLC0415" not in line  # which test_every_suppressed_check_has_a_reason covers
    ]
    assert places == []


def test_csv_files_have_one_writer() -> None:
    writers = [
        str(path.relative_to(ROOT))
        for path in sources(".py")
        if "tests" not in path.parts and re.search(r"csv\.(writer|DictWriter)\(", path.read_text())
    ]
    assert writers == ["core/text/csv_files.py"]


def test_no_file_has_a_meaningless_name() -> None:
    names = {path.stem for path in sources(".py")}
    assert names & {"utils", "helpers", "misc", "common", "util", "helper"} == set()


def test_no_python_file_is_named_by_a_gerund() -> None:
    names = {path.stem for path in sources(".py") if path.stem.endswith("ing") and "tests" not in path.parts}
    assert names - {"grading", "routing", "testing"} == set()


def test_templates_contain_no_inline_scripts_or_styles() -> None:
    inline = re.compile(r"<style|<script(?![^>]* src=)| style=|\son[a-z]+=")
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(".html")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        # Mail programs do not load style sheets.
        if inline.search(line) and "mail" not in path.parts
    ]
    assert places == []


# Style sheets for print have no dark theme, and WeasyPrint loads only these files.
PRINTED = ("certificate.css", "receipt.css")


def test_only_tokens_css_contains_raw_colors() -> None:
    color = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgb\(|\bhsl\(")
    places = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(".css")
        if path.name not in ("tokens.css", *PRINTED)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if color.search(line)
    ]
    assert places == []


def test_style_sheets_use_logical_properties() -> None:
    """Right-to-left languages then need no separate style sheet."""
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


def test_every_icon_in_templates_exists() -> None:
    named = re.compile(r'(?:lucide |icon=|icon_after=)"([a-z0-9-]+)"')
    names = {name for path in sources(".html") for name in named.findall(path.read_text())}
    assert {name for name in names if not has_icon(name)} == set()


def has_icon(name: str) -> bool:
    """Return whether Lucide has the icon."""
    try:
        lucide(name)
    except IconDoesNotExist:
        return False
    return True
