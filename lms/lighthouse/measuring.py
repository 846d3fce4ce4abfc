"""Serves the demo with production settings, lets Lighthouse look at the five pages, and writes what it says."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from lms.screens.places import Place, places
from lms.system import BROWSER_OPTIONS, chromium
from lms.testing.npm import installed
from lms.testing.servers import running, sockets, wait_for

VERSION = "12.8.2"
REPORT = settings.BASE_DIR / "docs" / "lighthouse.md"
# What stands in the table, and what the place is called in the list of places.
PAGES = {
    "Home": "home",
    "Catalogue": "catalogue",
    "Course": "course",
    "Lesson": "learning-room",
    "Quiz": "quiz-taking",
}
# Lighthouse's own two: a middling phone on a slow 4G, and a desk on a cable.
DEVICES: dict[str, list[str]] = {"phone": [], "desk": ["--preset=desktop"]}
CATEGORIES = {
    "performance": "Performance",
    "accessibility": "Accessibility",
    "best-practices": "Best practices",
    "seo": "SEO",
}
TIMES = {
    "first-contentful-paint": "First paint",
    "largest-contentful-paint": "Largest paint",
    "total-blocking-time": "Blocked",
    "cumulative-layout-shift": "Shift",
    "total-byte-weight": "Weight",
}
BAR = 95
RUNS = 3

HEAD = f"""# Lighthouse

What Lighthouse {VERSION} says of the pages that people look at longest, of a hundred each, with at least {BAR} asked
for. The demo is served by one process with production settings (hashed names, kept for a year; everything packed), over
HTTP/1.1 and without TLS, so a proxy that speaks HTTP/2 can only do better. The phone is Lighthouse's own: a middling
one on a slow 4G (150 ms there and back, 1.6 Mbit/s). Each figure is the median of {RUNS} runs, as somebody who comes
for the first time. Lesson and quiz are looked at as a student who is signed in; no audit is left out. `make lighthouse`
writes this page.

"""


@dataclass(frozen=True)
class Verdict:
    """What Lighthouse says of one page on one device: points by category, and the figures behind performance."""

    page: str
    device: str
    scores: dict[str, int]
    times: dict[str, str]
    failed: list[str]

    @property
    def is_good(self) -> bool:
        """Whether every category has what is asked for."""
        return all(score >= BAR for score in self.scores.values())

    def line(self) -> str:
        """Return the verdict as a line of a Markdown table."""
        figures = [str(self.scores[name]) for name in CATEGORIES] + [self.times[name] for name in TIMES]
        return f"| {self.page} | {self.device} | {' | '.join(figures)} |"


def run(site: str, arguments: list[str]) -> int:
    """Look at the pages that are named, or all of them; write docs/lighthouse.md when it is all. Return 1 when one
    category of one page is below the bar."""
    parser = argparse.ArgumentParser(prog="make lighthouse")
    parser.add_argument("pages", nargs="*", help="Home, Catalogue, Course, Lesson, Quiz; all of them by default")
    names = parser.parse_args(arguments).pages
    call_command("collectstatic", interactive=False, verbosity=0)
    verdicts = []
    with running(sockets(int(site.rpartition(":")[2]))):
        wait_for(f"{site}/livez")
        for verdict in _looked_at(site, names or list(PAGES)):
            sys.stdout.write("\n  ".join([verdict.line(), *verdict.failed]) + "\n")
            sys.stdout.flush()
            verdicts.append(verdict)
    if not names:
        REPORT.write_text(report(verdicts))
    return 0 if all(verdict.is_good for verdict in verdicts) else 1


def report(verdicts: list[Verdict]) -> str:
    """Return the whole page of the documents."""
    columns = ["Page", "On a", *CATEGORIES.values(), *TIMES.values()]
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return HEAD + "\n".join([*lines, *(verdict.line() for verdict in verdicts)]) + "\n"


def _looked_at(site: str, names: list[str]) -> Iterator[Verdict]:
    """Yield the verdicts of the named pages, each on a phone and at a desk."""
    known = {place.name: place for place in places()}
    for name in names:
        place = known[PAGES[name]]
        client = _signed_in(place)
        address = site + _arrived_at(client, place.path)
        for device, options in DEVICES.items():
            runs = [_lighthouse(address, client, options) for _ in range(RUNS)]
            yield _middle(name, device, runs)


def _signed_in(place: Place) -> Client:
    """Return a client of the person who looks at this place."""
    client = Client()
    if place.person:
        client.force_login(User.objects.get(email=place.person), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _arrived_at(client: Client, path: str) -> str:
    """Return where a path leads: the learning room sends one on to the lesson where one stopped."""
    chain: list[tuple[str, int]] = getattr(client.get(path, follow=True), "redirect_chain", [])
    return chain[-1][0] if chain else path


def _lighthouse(address: str, client: Client, options: list[str]) -> dict[str, Any]:
    """Let Lighthouse open the page once, in a fresh browser; return what it wrote.

    Raises RuntimeError where it could not, or was sent elsewhere.
    """
    program = installed("lighthouse", VERSION, "lighthouse")
    cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        answer = Path(folder) / "answer.json"
        command = [
            str(program), address, "--quiet", "--output=json", f"--output-path={answer}",
            f"--chrome-flags={' '.join(['--headless=new', *BROWSER_OPTIONS])}",
            "--disable-full-page-screenshot", *options,
        ]  # fmt: skip
        if cookies:
            command.append(f"--extra-headers={json.dumps({'Cookie': cookies})}")
        environment = {**os.environ, "CHROME_PATH": chromium() or ""}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # our own command
        if done.returncode:
            raise RuntimeError(f"Lighthouse could not look at {address}: {done.stderr}")
        found: dict[str, Any] = json.loads(answer.read_text())
    if found["finalDisplayedUrl"] != address:
        raise RuntimeError(f"{address} led to {found['finalDisplayedUrl']}: not the page that was meant.")
    return found


def _middle(name: str, device: str, runs: list[dict[str, Any]]) -> Verdict:
    """Return the verdict of the run whose performance lies in the middle, and every audit that any run failed."""
    points = [run["categories"]["performance"]["score"] for run in runs]
    middle = runs[points.index(statistics.median_low(points))]
    audits = middle["audits"]
    return Verdict(
        page=name,
        device=device,
        scores={key: round(100 * middle["categories"][key]["score"]) for key in CATEGORIES},
        times={key: audits[key]["displayValue"].removeprefix("Total size was ").replace("\xa0", " ") for key in TIMES},
        failed=sorted({f"{key}: {audits[key].get('displayValue', '')}" for run in runs for key in _failed(run)}),
    )


def _failed(run: dict[str, Any]) -> list[str]:
    """Return the audits that count and are not good."""
    counted = [ref["id"] for category in run["categories"].values() for ref in category["auditRefs"] if ref["weight"]]
    return [key for key in counted if (run["audits"][key]["score"] or 1) < 0.9]
