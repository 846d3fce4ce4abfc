"""What is wrong with a page's HTML, as the checker html-validate sees it."""

import json
import subprocess
from pathlib import Path
from typing import Any

from lms.testing.npm import installed

VERSION = "9.7.1"

# What the standard says, and what people with assistive technology need; not how somebody likes to write it.
RULES = {
    "extends": ["html-validate:standard", "html-validate:a11y"],
    # The checker knows `rel=expect`, but not that it is what `blocking` was made for.
    "elements": ["html5", {"link": {"attributes": {"blocking": None}}}],
    "rules": {
        "require-sri": "off",  # nothing comes from elsewhere
        "long-title": "off",  # a course is called what its author calls it
        "no-redundant-for": "off",  # Django's labels name their field, also around it
        "tel-non-breaking": "off",
    },
}


def complaints(pages: dict[str, str], folder: Path) -> list[str]:
    """Return what is wrong with `pages` (HTML by name), one line each; `folder` takes them as files."""
    (folder / ".htmlvalidate.json").write_text(json.dumps({"root": True, **RULES}))
    names: dict[str, str] = {}
    for number, (name, html) in enumerate(pages.items()):
        file = folder / f"{number}.html"
        file.write_text(html)
        names[str(file)] = name
    command = [str(installed("html-validate", VERSION, "html-validate")), "--formatter", "json", str(folder / "*.html")]
    answer = folder / "answer.json"
    with answer.open("w") as into:  # Node ends before a pipe has taken more than 64 kB
        subprocess.run(command, stdout=into, check=False, cwd=folder)
    found: list[dict[str, Any]] = json.loads(answer.read_text())
    return [
        f"{names[page['filePath']]}:{message['line']} {message['ruleId']}: {message['message']}"
        for page in found
        for message in page["messages"]
    ]
