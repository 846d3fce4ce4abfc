"""Browser tests for every page of the access table: accessibility, layout, text zoom and layout shifts."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

from lms.tests.access_data import people, values  # noqa: F401  # the data of the access table
from lms.tests.test_every_page import LOOKED_AT, html_pages
from tools.testing.browser import open_page
from tools.testing.layout import Viewport, find_layout_faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Pages without layout shifts: those where users read and work longest.
STILL = ("/", "/courses/", "/courses/{slug}/", "/learn/{slug}/{closed}/", "/quizzes/attempts/{attempt}/")
LARGE_LETTERS = "--blink-settings=defaultFontSize=32,defaultFixedFontSize=26"
# Records the layout shifts that were not caused by input.
WATCH_SHIFTS = """
window.shifted = [];
const box = ({ x, y, width, height }) => `${x},${y} ${width}x${height}`;
new PerformanceObserver((list) => {
  for (const { hadRecentInput, sources } of list.getEntries()) {
    if (hadRecentInput) continue;
    for (const { node, previousRect, currentRect } of sources) {
      window.shifted.push(`${node?.nodeName} ${node?.className} from ${box(previousRect)} to ${box(currentRect)}`);
    }
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def is_fault(message: ConsoleMessage) -> bool:
    """Return whether a console message is an error of the page, not of the test in a sandboxed frame."""
    return message.type == "error" and "document's frame is sandboxed" not in message.text


def violations(page: Page) -> list[str]:
    """Return the findings of axe on the light page, and its color findings on the dark page."""
    found = []
    for theme, options in (("light", {}), ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its words
        rules = Axe().run(page, options=options).response["violations"]
        found += [f"{theme}: {rule['id']} {node['target']}" for rule in rules for node in rule["nodes"]]
    return found


def look(page: Page, address: str, values: dict[str, Any]) -> list[str]:  # noqa: F811  # what the test has of the fixture
    """Open a page and return all of its problems."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(address)
    wrong = violations(page)
    if urlsplit(address).path in {path.format(**values) for path in STILL}:
        wrong += [f"moved: {node}" for node in page.evaluate("window.shifted")]
    return wrong + find_layout_faults(page)


@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_page_is_accessible_and_fits_without_layout_shifts(
    name: str,
    live_site: str,
    people: dict[str, Any],  # noqa: F811  # pytest's fixture
    values: dict[str, Any],  # noqa: F811  # pytest's fixture
) -> None:
    paths = [key.split(" ", 1)[1] for key in html_pages({name: people[name]}, values)]
    errors: list[str] = []
    with open_page(live_site, people[name], reduced_motion="reduce") as page:
        page.add_init_script(WATCH_SHIFTS)
        page.on("console", lambda message: errors.append(message.text) if is_fault(message) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        wrong = {path: found for path in paths if (found := look(page, live_site + path, values))}
    assert wrong == {}
    assert errors == []


@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_page_fits_with_text_at_200_percent(
    name: str,
    live_site: str,
    people: dict[str, Any],  # noqa: F811  # pytest's fixture
    values: dict[str, Any],  # noqa: F811  # pytest's fixture
) -> None:
    """Only the browser's font size is set to 200 %."""
    paths = [key.split(" ", 1)[1] for key in html_pages({name: people[name]}, values)]
    wrong = {}
    with open_page(live_site, people[name], LARGE_LETTERS, viewport={"width": 1280, "height": 900}) as page:
        for path in paths:
            page.goto(live_site + path)
            if found := find_layout_faults(page, (Viewport(1280), Viewport(390))):
                wrong[path] = found
    assert wrong == {}
