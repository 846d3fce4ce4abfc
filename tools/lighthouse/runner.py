"""Serve the demo with production settings, run Lighthouse on five pages, and write its scores."""

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
from tools.screenshots.places import Place, demo_places
from tools.system import BROWSER_OPTIONS, find_chromium
from tools.testing.npm import install_program
from tools.testing.servers import run_module, sockets_command, wait_for

VERSION = "12.8.2"
REPORT = settings.BASE_DIR / "docs" / "lighthouse.md"
# Page names of the report, and the names of their places.
PAGES = {
    "Home": "home",
    "Catalog": "catalog",
    "Course": "course",
    "Lesson": "learning-room",
    "Quiz": "quiz-taking",
}
# The presets of Lighthouse: a mid-range phone on slow 4G, and a desktop on cable.
DEVICES: dict[str, list[str]] = {"phone": [], "desktop": ["--preset=desktop"]}
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
MIN_SCORE = 95
RUNS = 3

HEAD = f"""# Lighthouse

Scores of Lighthouse {VERSION} for the most visited pages, at most 100 each; the goal is at least {MIN_SCORE}. The demo
is served by one process with production settings (static files with hashed names, cached for a year and compressed)
over HTTP/1.1 without TLS, so a proxy with HTTP/2 can only improve the scores. The phone is the preset of Lighthouse: a
mid-range phone on slow 4G (150 ms round trip, 1.6 Mbit/s). Each figure is the median of {RUNS} runs with an empty
cache. Lesson and quiz are opened by a logged-in student. No audit is skipped. `make lighthouse` writes this page.

"""


@dataclass(frozen=True)
class PageResult:
    """Results of one page on one device: scores by category, performance metrics, and failed audits."""

    page: str
    device: str
    scores: dict[str, int]
    times: dict[str, str]
    failed: list[str]

    @property
    def is_good(self) -> bool:
        """Whether every score reaches the goal."""
        return all(score >= MIN_SCORE for score in self.scores.values())

    def line(self) -> str:
        """Return the result as a line of a Markdown table."""
        figures = [str(self.scores[name]) for name in CATEGORIES] + [self.times[name] for name in TIMES]
        return f"| {self.page} | {self.device} | {' | '.join(figures)} |"


def run(site: str, arguments: list[str]) -> int:
    """Run Lighthouse on the named pages, or on all of them; return 1 if a score is below the goal.

    docs/lighthouse.md is written only if all pages were measured.
    """
    parser = argparse.ArgumentParser(prog="make lighthouse")
    parser.add_argument("pages", nargs="*", help="Home, Catalog, Course, Lesson, Quiz; all of them by default")
    names = parser.parse_args(arguments).pages
    call_command("collectstatic", interactive=False, verbosity=0)
    results = []
    with run_module(sockets_command(int(site.rpartition(":")[2]))):
        wait_for(f"{site}/livez")
        for result in _measure_pages(site, names or list(PAGES)):
            sys.stdout.write("\n  ".join([result.line(), *result.failed]) + "\n")
            sys.stdout.flush()
            results.append(result)
    if not names:
        REPORT.write_text(render_report(results))
    return 0 if all(result.is_good for result in results) else 1


def render_report(results: list[PageResult]) -> str:
    """Return the Markdown page with all results."""
    columns = ["Page", "Device", *CATEGORIES.values(), *TIMES.values()]
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return HEAD + "\n".join([*lines, *(result.line() for result in results)]) + "\n"


def _measure_pages(site: str, names: list[str]) -> Iterator[PageResult]:
    """Yield the results of the named pages, each on phone and desktop."""
    known = {place.name: place for place in demo_places()}
    for name in names:
        place = known[PAGES[name]]
        client = _log_in(place)
        address = site + _final_path(client, place.path)
        for device, options in DEVICES.items():
            runs = [_run_lighthouse(address, client, options) for _ in range(RUNS)]
            yield _median_result(name, device, runs)


def _log_in(place: Place) -> Client:
    """Return a test client in which the user of this place is logged in."""
    client = Client()
    if place.person:
        client.force_login(User.objects.get(email=place.person), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _final_path(client: Client, path: str) -> str:
    """Return the path after redirects: the learning room redirects to the student's current lesson."""
    chain: list[tuple[str, int]] = getattr(client.get(path, follow=True), "redirect_chain", [])
    return chain[-1][0] if chain else path


def _run_lighthouse(address: str, client: Client, options: list[str]) -> dict[str, Any]:
    """Run Lighthouse once in a new browser; return its report.

    Raises RuntimeError if it failed or was redirected.
    """
    program = install_program("lighthouse", VERSION, "lighthouse")
    cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in client.cookies.items())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        output = Path(folder) / "output.json"
        command = [
            str(program), address, "--quiet", "--output=json", f"--output-path={output}",
            f"--chrome-flags={' '.join(['--headless=new', *BROWSER_OPTIONS])}",
            "--disable-full-page-screenshot", *options,
        ]  # fmt: skip
        if cookies:
            command.append(f"--extra-headers={json.dumps({'Cookie': cookies})}")
        environment = {**os.environ, "CHROME_PATH": find_chromium() or ""}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # a constant command
        if done.returncode:
            raise RuntimeError(f"Lighthouse failed for {address}: {done.stderr}")
        found: dict[str, Any] = json.loads(output.read_text())
    if found["finalDisplayedUrl"] != address:
        raise RuntimeError(f"{address} redirected to {found['finalDisplayedUrl']}.")
    return found


def _median_result(name: str, device: str, runs: list[dict[str, Any]]) -> PageResult:
    """Return the result of the run with the median performance score, with the failed audits of all runs."""
    points = [run["categories"]["performance"]["score"] for run in runs]
    middle = runs[points.index(statistics.median_low(points))]
    audits = middle["audits"]
    return PageResult(
        page=name,
        device=device,
        scores={key: round(100 * middle["categories"][key]["score"]) for key in CATEGORIES},
        times={key: audits[key]["displayValue"].removeprefix("Total size was ").replace("\xa0", " ") for key in TIMES},
        failed=sorted({f"{key}: {audits[key].get('displayValue', '')}" for run in runs for key in _failed_audits(run)}),
    )


def _failed_audits(run: dict[str, Any]) -> list[str]:
    """Return the audits of a run that count towards a score and are below 0.9."""
    counted = [ref["id"] for category in run["categories"].values() for ref in category["auditRefs"] if ref["weight"]]
    return [key for key in counted if (run["audits"][key]["score"] or 1) < 0.9]
