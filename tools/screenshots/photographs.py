"""Take screenshots of every page: of the empty site first, then of the site with the demo data.

Single screenshots are written to `var/screens/`. The ones that the documentation shows are written to `docs/screens/`,
with four contact sheets: desktop and phone, light and dark.
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.test import RequestFactory
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.models import Role, User
from core.http.errors.views import server_error
from lms.asgi import application
from tools.demo.loader import PASSWORD
from tools.ports import free_port
from tools.screenshots.places import PEOPLE, Place, demo_places, empty_places
from tools.stripe_sandbox import process
from tools.system import BROWSER_OPTIONS, find_chromium

SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
THEMES = ("light", "dark")
USED_IN_DOCS = ("home", "dashboard", "learning-room", "quiz-taking", "gradebook", "editor")
THUMB = {"desktop": 400, "phone": 200}
COLUMNS = {"desktop": 5, "phone": 10}
LABEL = 22
# The load event of a page does not wait for lazy images.
VISIBLE_IMAGES_LOADED = """() => [...document.images].every(
    (image) => image.complete || !image.checkVisibility() || image.getBoundingClientRect().top > innerHeight)"""


def _search(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("[data-palette] input").fill("bread")
    page.locator("[data-palette] [data-results]").get_by_text("Bread").first.wait_for()


def _go_offline(page: Page) -> None:
    page.context.set_offline(True)
    page.locator("[data-offline]").wait_for(state="visible")


def _open_menu(page: Page) -> None:
    if (fold := page.locator(".bar-fold > summary")).is_visible():
        fold.click()
    else:
        page.locator(".topbar .menu > summary").last.click()


def _reload_without_debug(page: Page) -> None:
    """Show the error page of production instead of the debug page with the URLconf."""
    settings.DEBUG = False
    try:
        page.reload()
    finally:
        settings.DEBUG = True


def _buy(page: Page) -> None:
    page.locator(".course-offer form button").click()
    page.wait_for_load_state()


def _break(page: Page) -> None:
    """Show the error page 500, in place of the response of an unused address."""
    body = server_error(RequestFactory().get("/")).text
    page.route("**/broken/", lambda route: route.fulfill(status=500, content_type="text/html", body=body))
    page.reload()


# Actions on a page before the screenshot; places.py refers to them.
ACTIONS: dict[str, Callable[[Page], None]] = {
    "search": _search,
    "offline": _go_offline,
    "menu": _open_menu,
    "lose": _reload_without_debug,
    "buy": _buy,
    "break": _break,
}


@contextmanager
def empty_site() -> Iterator[str]:
    """Serve an empty site from a thread of this process; yield its address."""
    call_command("migrate", verbosity=0)
    with process.run_sandbox(free_port(urlsplit(settings.STRIPE_API_HOST).port or 0)) as sandbox:
        settings.STRIPE_API_HOST = sandbox
        yield from _serve()


def _serve() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


def create_first_users() -> None:
    """Create a user of each role, as on a new site; the demo replaces them."""
    for name, email in PEOPLE.items():
        if email:
            is_staff = name == Role.ADMIN
            User.objects.create_user(
                email, PASSWORD, full_name="Robin Okafor", role=Role(name), is_staff=is_staff, is_superuser=is_staff
            )


def load_demo() -> None:
    """Load the demo in another thread, because Playwright's event loop in this one prevents pushes."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(call_command, "seed_demo", "--reset").result()


def log_in(browser: Browser, site: str, email: str, **options: object) -> BrowserContext:
    """Return a browser context in which `email` is logged in, or that of a visitor for an empty address."""
    context = browser.new_context(**options)  # type: ignore[arg-type]  # Playwright names each option
    if email:
        page = context.new_page()
        page.goto(f"{site}/account/login/")
        page.locator("main [name=username]").fill(email)
        page.locator("main [name=password]").fill(PASSWORD)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_load_state()
        page.close()
    return context


def take_screenshots(
    browser: Browser, site: str, wanted: list[Place], size: str, theme: str, folder: Path
) -> list[Path]:
    """Take a screenshot of each page in this size and theme; return the files in order."""
    width, height = SIZES[size]
    files: list[Path] = []
    options = {"viewport": {"width": width, "height": height}, "color_scheme": theme, "reduced_motion": "reduce"}
    for email in PEOPLE.values():
        context = log_in(browser, site, email, **options)
        page = context.new_page()
        for place in (place for place in wanted if place.person == email):
            files.append(_take_screenshot(page, site, place, folder / f"{place.name}-{size}-{theme}.png"))
        context.close()
    return files


def _take_screenshot(page: Page, site: str, place: Place, file: Path) -> Path:
    page.goto(site + place.path, wait_until="load")
    page.wait_for_timeout(150)  # for sockets and clocks to start
    page.wait_for_function(VISIBLE_IMAGES_LOADED)
    if place.action:
        ACTIONS[place.action](page)
    page.screenshot(path=file)
    page.context.set_offline(False)
    return file


def write_contact_sheet(pictures: list[Path], size: str, file: Path) -> None:
    """Write one small image with all pictures in rows, each above its name."""
    width, height = SIZES[size]
    thumb = (THUMB[size], THUMB[size] * height // width)
    columns = COLUMNS[size]
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (thumb[0] + 12), rows * (thumb[1] + LABEL + 12)), "#808080")
    write = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for number, picture in enumerate(pictures):
        left = number % columns * (thumb[0] + 12) + 6
        top = number // columns * (thumb[1] + LABEL + 12) + 6
        with Image.open(picture) as shot:
            sheet.paste(shot.convert("RGB").resize(thumb, Image.Resampling.LANCZOS), (left, top))
        write.text((left, top + thumb[1] + 3), picture.stem.removesuffix(f"-{size}"), fill="#ffffff", font=font)
    sheet.save(file, quality=60, optimize=True)


def main() -> None:
    """Take screenshots of all pages, or of the named ones."""
    parser = argparse.ArgumentParser(prog="make screenshots")
    parser.add_argument("names", nargs="*", help="names of pages; all of them by default")
    names = parser.parse_args().names
    single, shown = settings.BASE_DIR / "var" / "screens", settings.BASE_DIR / "docs" / "screens"
    for folder in (single, shown):
        folder.mkdir(parents=True, exist_ok=True)
    with empty_site() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(BROWSER_OPTIONS))
        create_first_users()
        pictures = _take_all_variants(browser, site, _select_places(empty_places(), names), single)
        load_demo()
        for variant, more in _take_all_variants(browser, site, _select_places(demo_places(), names), single).items():
            pictures[variant] += more
        browser.close()
    if names:
        return
    for (size, theme), taken in pictures.items():
        write_contact_sheet(taken, size, shown / f"all-{size}-{theme}.jpg")
    for name in USED_IN_DOCS:
        with Image.open(single / f"{name}-desktop-light.png") as picture:
            picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(shown / f"{name}.png", optimize=True)


def _select_places(places: Iterator[Place], names: list[str]) -> list[Place]:
    return [place for place in places if not names or place.name in names]


def _take_all_variants(
    browser: Browser, site: str, wanted: list[Place], folder: Path
) -> dict[tuple[str, str], list[Path]]:
    """Take screenshots in every size and theme; return the files of each of the four variants."""
    variants = [(size, theme) for size in SIZES for theme in THEMES]
    return {(size, theme): take_screenshots(browser, site, wanted, size, theme, folder) for size, theme in variants}
