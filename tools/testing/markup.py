"""Validation of HTML pages by html-validate."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tools.testing.npm import install_program

VERSION = "9.7.1"

# The HTML standard and accessibility; no rules of style.
RULES = {
    "extends": ["html-validate:standard", "html-validate:a11y"],
    # html-validate knows `rel=expect`, but doesn't allow `blocking` with it.
    "elements": ["html5", {"link": {"attributes": {"blocking": None}}}],
    "rules": {
        "require-sri": "off",  # all resources are served by the site itself
        "long-title": "off",  # authors choose the titles of courses
        "no-redundant-for": "off",  # Django sets `for` on labels that contain their field, too
        "tel-non-breaking": "off",
    },
}


def validate_html(pages: dict[str, str], folder: Path) -> list[str]:
    """Return the faults of `pages` (HTML by name), one line each; the pages are written to `folder`."""
    (folder / ".htmlvalidate.json").write_text(json.dumps({"root": True, **RULES}))
    names: dict[str, str] = {}
    for number, (name, html) in enumerate(pages.items()):
        file = folder / f"{number}.html"
        file.write_text(html)
        names[str(file)] = name
    command = [
        str(install_program("html-validate", VERSION, "html-validate")),
        "--formatter",
        "json",
        str(folder / "*.html"),
    ]
    output = folder / "output.json"
    with output.open("w") as stream:  # into a file: Node exits before a pipe has read more than 64 kB
        subprocess.run(command, stdout=stream, check=False, cwd=folder)
    found: list[dict[str, Any]] = json.loads(output.read_text())
    return [
        f"{names[page['filePath']]}:{message['line']} {message['ruleId']}: {message['message']}"
        for page in found
        for message in page["messages"]
    ]
