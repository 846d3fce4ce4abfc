"""Citations of documents, and the glossary, agree with the tree."""

import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings

ROOT: Path = settings.BASE_DIR
CITED = re.compile(r"\bdocs/[\w./-]+\.(?:md|toml)\b")
SECTION = re.compile(r"(docs/[\w-]+\.md), \"([^\"]+)\"")
OUTSIDE = re.compile(r"(?<![\w/-])(?:API|DESIGN|STYLE|QUALITY|UI)\.md\b|QUALITY, fact")


def tracked_texts() -> dict[str, str]:
    """Return every tracked text file of the project, by path."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    kinds = (".py", ".md", ".html", ".js", ".css", ".toml", ".yml")
    paths = [ROOT / name for name in listed.stdout.splitlines() if name.endswith(kinds)]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths if path.exists()}


def test_every_cited_document_exists() -> None:
    cited = {(name, found) for name, text in tracked_texts().items() for found in CITED.findall(text)}
    assert cited
    assert {(name, found) for name, found in cited if not (ROOT / found).exists()} == set()


def test_every_cited_section_exists() -> None:
    missing = []
    for name, text in tracked_texts().items():
        for document, section in SECTION.findall(text):
            content = (ROOT / document).read_text()
            headings = re.findall(r"^#+ (.+)$|^\*\*(.+?)[.*]|^\| ([^|]+) \|", content, re.MULTILINE)
            if not any(section in part for found in headings for part in found):
                missing.append((name, document, section))
    assert missing == []


def test_no_file_cites_a_document_outside_the_tree() -> None:
    own = "lms/tests/test_documents.py"
    assert [name for name, text in tracked_texts().items() if name != own and OUTSIDE.search(text)] == []


def glossary() -> list[tuple[str, str, str]]:
    """Return the rows of the glossary: term, meaning, place."""
    lines = (ROOT / "docs" / "glossary.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ") and "---" not in line]
    return [(row[0], row[1], row[2]) for row in rows[1:]]


def test_the_glossary_names_each_term_once_and_only_things_that_exist() -> None:
    terms = [term for term, _meaning, _place in glossary()]
    assert len(terms) > 50
    assert sorted(terms) == sorted(set(terms))
    missing = [place for _term, _meaning, places in glossary() for place in places.split(", ") if not exists(place)]
    assert missing == []


def exists(place: str) -> bool:
    """Return whether a dotted name in backquotes is a module, or a class, function, attribute or field in one."""
    parts = place.strip("`").split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if name in getattr(found, "__annotations__", {}):
                return True
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False
