"""The tests of each quality row, read from the markers in the source of the tests."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

ROWS = settings.BASE_DIR / "docs" / "quality-rows.toml"
REPORT = settings.BASE_DIR / "docs" / "quality.md"
REQUIRED_PRIORITIES = ("P0", "P1")
HEAD = """# Quality rows

Every row of [quality-rows.toml](quality-rows.toml) with its tests. `manage.py quality` writes this page from the
markers of the tests. A test fails if a row of priority P0 or P1 has no test, or if a marker names an unknown row.
"""


@dataclass
class Row:
    """A quality row and its tests, as `file::test`."""

    id: str
    priority: str
    text: str
    tests: list[str] = field(default_factory=list)

    @property
    def lacks_test(self) -> bool:
        """Whether the row requires a test and has none."""
        return self.priority in REQUIRED_PRIORITIES and not self.tests


def chapters() -> dict[str, list[Row]]:
    """Return the rows with their tests by chapter."""
    tests = tests_by_row()
    document = tomllib.loads(ROWS.read_text())
    return {
        chapter: [Row(name, priority, text, tests.get(name, [])) for name, (priority, text) in rows.items()]
        for chapter, rows in document.items()
    }


def tests_by_row() -> dict[str, list[str]]:
    """Return the tests of each row that a marker names, in the order of the files."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(settings.BASE_DIR.glob("*/**/tests/test_*.py")) + sorted(
        settings.BASE_DIR.glob("lms/tests/*.py")
    ):
        file = str(path.relative_to(settings.BASE_DIR))
        if file.startswith((".", "var/")):
            continue
        for name, row in _find_markers(path):
            test = f"{file}::{name}"
            if test not in found[row]:
                found[row].append(test)
    return dict(found)


def _find_markers(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each test of a file with each row that it, its class or its module is marked with."""
    tree = ast.parse(path.read_text())
    module_rows = [row for node in tree.body if _is_pytestmark(node) for row in _rows_in(node)]
    for node in tree.body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        class_rows = _decorator_rows(node) if isinstance(node, ast.ClassDef) else []
        for test in members:
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test"):
                for row in [*module_rows, *class_rows, *_decorator_rows(test)]:
                    yield test.name, row


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _decorator_rows(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Return the rows that the decorators name."""
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


def render_report() -> str:
    """Return the Markdown page that lists each row with its tests."""
    parts = [HEAD]
    for chapter, rows in chapters().items():
        parts.append(f"\n## {chapter}\n\n| Row | Priority | Requirement | Tests |\n| --- | --- | --- | --- |\n")
        for row in rows:
            tests = "<br>".join(f"`{test}`" for test in row.tests) or "none"
            parts.append(f"| {row.id} | {row.priority} | {row.text} | {tests} |\n")
    return "".join(parts)
