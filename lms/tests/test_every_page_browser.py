"""Every page of the address table in a real browser: accessible, light and dark; fit for every window and for large
letters, left to right and right to left; still."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

from lms.testing.browsing import visiting
from lms.testing.layout import Shown, misfits
from lms.tests.access_world import people, values  # noqa: F401  # the world that the table speaks of
from lms.tests.test_every_page import LOOKED_AT, html_pages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Where people read and work longest, nothing may move once it is there.
STILL = ("/", "/courses/", "/courses/{slug}/", "/learn/{slug}/{closed}/", "/quizzes/attempts/{attempt}/")
LARGE_LETTERS = "--blink-settings=defaultFontSize=32,defaultFixedFontSize=26"
# Notes what moved without anybody having touched the page, as browsers count it.
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
    """Whether the browser complains of the page, and not of what this test runs in a frame that runs nothing."""
    return message.type == "error" and "document's frame is sandboxed" not in message.text


def violations(page: Page) -> list[str]:
    """Return what axe finds in the light, and in the dark what colours change, since all else is the same."""
    found = []
    for theme, options in (("light", {}), ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of its words
        rules = Axe().run(page, options=options).response["violations"]
        found += [f"{theme}: {rule['id']} {node['target']}" for rule in rules for node in rule["nodes"]]
    return found


def look(page: Page, address: str, values: dict[str, Any]) -> list[str]:  # noqa: F811  # what the test has of the fixture
    """Open a page and return everything that is wrong with it."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(address)
    wrong = violations(page)
    if urlsplit(address).path in {path.format(**values) for path in STILL}:
        wrong += [f"moved: {node}" for node in page.evaluate("window.shifted")]
    return wrong + misfits(page)


@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_page_is_accessible_fits_and_is_still(
    name: str,
    live_site: str,
    people: dict[str, Any],  # noqa: F811  # pytest's fixture
    values: dict[str, Any],  # noqa: F811  # pytest's fixture
) -> None:
    paths = [key.split(" ", 1)[1] for key in html_pages({name: people[name]}, values)]
    errors: list[str] = []
    with visiting(live_site, people[name], reduced_motion="reduce") as page:
        page.add_init_script(WATCH_SHIFTS)
        page.on("console", lambda message: errors.append(message.text) if is_fault(message) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        wrong = {path: found for path in paths if (found := look(page, live_site + path, values))}
    assert wrong == {}
    assert errors == []


@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_page_takes_letters_twice_as_large(
    name: str,
    live_site: str,
    people: dict[str, Any],  # noqa: F811  # pytest's fixture
    values: dict[str, Any],  # noqa: F811  # pytest's fixture
) -> None:
    """As somebody has it who has set the letters, and nothing else, to 200 % in their browser."""
    paths = [key.split(" ", 1)[1] for key in html_pages({name: people[name]}, values)]
    wrong = {}
    with visiting(live_site, people[name], LARGE_LETTERS, viewport={"width": 1280, "height": 900}) as page:
        for path in paths:
            page.goto(live_site + path)
            if found := misfits(page, (Shown(1280), Shown(390))):
                wrong[path] = found
    assert wrong == {}
