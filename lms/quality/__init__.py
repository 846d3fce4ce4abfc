"""Which test holds which line of the quality list: read from the tests' markers, without running anything."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

ROWS = settings.BASE_DIR / "docs" / "quality-rows.toml"
REPORT = settings.BASE_DIR / "docs" / "quality.md"
MUST_BE_HELD = ("P0", "P1")
HEAD = """# What it must survive

Every line of [the list](quality-rows.toml), and the tests that hold it. `manage.py quality` writes this page from the
tests' markers; a test fails when a line of priority P0 or P1 has none, or when a marker names no line.
"""


@dataclass
class Row:
    """A line of the list, and the tests that hold it, as `file::test`."""

    id: str
    priority: str
    text: str
    tests: list[str] = field(default_factory=list)

    @property
    def is_bare(self) -> bool:
        """Whether it has to be held by a test, and is not."""
        return self.priority in MUST_BE_HELD and not self.tests


def chapters() -> dict[str, list[Row]]:
    """Return the list, chapter by chapter, each line with its tests."""
    held = held_by()
    given = tomllib.loads(ROWS.read_text())
    return {
        chapter: [Row(name, priority, text, held.get(name, [])) for name, (priority, text) in rows.items()]
        for chapter, rows in given.items()
    }


def held_by() -> dict[str, list[str]]:
    """Return the tests of each line that a marker names, in the order of the files."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(settings.BASE_DIR.glob("*/**/tests/test_*.py")) + sorted(
        settings.BASE_DIR.glob("lms/tests/*.py")
    ):
        place = str(path.relative_to(settings.BASE_DIR))
        if place.startswith((".", "var/")):
            continue
        for name, row in _markers_in(path):
            test = f"{place}::{name}"
            if test not in found[row]:
                found[row].append(test)
    return dict(found)


def _markers_in(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each test of a file with each line that it, its class or its file is marked with."""
    tree = ast.parse(path.read_text())
    of_all = [row for node in tree.body if _is_pytestmark(node) for row in _rows_in(node)]
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        of_class = _rows_of(node) if isinstance(node, ast.ClassDef) else []
        for test in members:
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test"):
                for row in [*of_all, *of_class, *_rows_of(test)]:
                    yield test.name, row


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _rows_of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Return the lines that the decorators name."""
    return [row for decorator in node.decorator_list for row in _rows_in(decorator)]


def _rows_in(node: ast.AST) -> list[str]:
    """Return the arguments of every `quality(...)` below a node."""
    return [
        str(argument.value)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "quality"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]


def report() -> str:
    """Return the page that maps each line to its tests."""
    parts = [HEAD]
    for chapter, rows in chapters().items():
        parts.append(f"\n## {chapter}\n\n| | | What | Held by |\n| --- | --- | --- | --- |\n")
        for row in rows:
            tests = "<br>".join(f"`{test}`" for test in row.tests) or "nothing yet"
            parts.append(f"| {row.id} | {row.priority} | {row.text} | {tests} |\n")
    return "".join(parts)
