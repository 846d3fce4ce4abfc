"""Tests that docs/api.md lists every error code, because clients rely on codes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from lms.tests.test_tree import sources

CODE = re.compile(r"[a-z][a-z_]+")
EXCLUDED_FOLDERS = {"tests", "testing", "bench", "experiments", "demo"}


def codes_in(path: Path) -> Iterator[str]:
    """Yield the first argument of each call of an `...Error` class, if it looks like a code."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            code = node.args[0].value
            if name.endswith("Error") and isinstance(code, str) and CODE.fullmatch(code):
                yield code


def test_every_error_code_is_documented() -> None:
    documented = set(re.findall(r"`([a-z_]+)`", (settings.BASE_DIR / "docs" / "api.md").read_text()))
    raised = {code for path in sources(".py") if not EXCLUDED_FOLDERS & set(path.parts) for code in codes_in(path)}
    assert len(raised) > 50
    assert raised - documented == set()
