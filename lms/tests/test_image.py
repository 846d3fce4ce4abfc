"""The container image holds no development tools and imports no development dependency."""

import ast
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path

from django.conf import settings

ROOT: Path = settings.BASE_DIR


def files_in_the_image() -> list[str]:
    """Return the tracked files that `COPY . .` copies, with `.dockerignore` applied."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line]
    return [name for name in listed.stdout.splitlines() if not any(is_ignored(name, rule) for rule in ignored)]


def is_ignored(name: str, rule: str) -> bool:
    """Return whether a rule of `.dockerignore` excludes a file, by its path or by a folder that contains it."""
    parts = name.split("/")
    paths = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    if rule.startswith("**/"):
        return any(fnmatch(part, rule.removeprefix("**/")) for part in parts)
    return any(fnmatch(path, rule) for path in paths)


def imported_packages(name: str) -> set[str]:
    """Return the top-level packages that a Python file imports."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / name).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def locked_names() -> set[str]:
    """Return the distributions of the production lock file."""
    lock = (ROOT / "requirements.txt").read_text()
    return {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}


def test_the_image_holds_neither_tools_nor_tests() -> None:
    names = files_in_the_image()
    assert "manage.py" in names
    assert "core/apps.py" in names
    unwanted = [name for name in names if name.startswith("tools/") or "/tests/" in name or name == "conftest.py"]
    assert unwanted == []


def test_nothing_in_the_image_imports_tools_or_a_development_dependency() -> None:
    distributions, locked = packages_distributions(), locked_names()
    own = {name for name in files_in_the_image() if name.endswith(".py")}
    apps = {name.partition("/")[0] for name in own}
    wrong = []
    for name in sorted(own):
        for package in imported_packages(name) - set(sys.stdlib_module_names) - apps:
            providers = {one.lower().replace("_", "-") for one in distributions.get(package, [package])}
            if not providers & locked:
                wrong.append((name, package))
    assert wrong == []


def test_every_development_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    named = tomllib.loads(text)["project"]["optional-dependencies"]["dev"]
    unexplained = [name for name in named if not re.search(rf'^  "{re.escape(name)}",\s+# \w', text, re.MULTILINE)]
    assert unexplained == []
