"""`make screenshots`: starts a site in a folder of its own, opens every page, and writes the pictures: of the first
steps while it is empty, of all others once the demo is loaded.

Single pictures go to `var/screens/`; what the documents show goes to `docs/screens/`: the pictures that they name, and
four contact sheets, of a desk's and a phone's width, light and dark.
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
from lms.asgi import application
from lms.demo.loading import PASSWORD
from lms.lib.error_views import server_error
from lms.lib.ports import free_port
from lms.screens.places import PEOPLE, Place, empty_places, places
from lms.system import BROWSER_OPTIONS, chromium
from payments import sandbox

SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
THEMES = ("light", "dark")
NAMED_BY_DOCUMENTS = ("home", "dashboard", "learning-room", "quiz-taking", "gradebook", "editor")
THUMB = {"desktop": 400, "phone": 200}
COLUMNS = {"desktop": 5, "phone": 10}
LABEL = 22
# The load of a page does not wait for its lazy images.
SEEN_IMAGES_ARE_THERE = """() => [...document.images].every(
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


def _as_in_production(page: Page) -> None:
    """Show the page of an error that development answers with the list of addresses."""
    settings.DEBUG = False
    try:
        page.reload()
    finally:
        settings.DEBUG = True


def _buy(page: Page) -> None:
    page.locator(".course-offer form button").click()
    page.wait_for_load_state()


def _break(page: Page) -> None:
    """Show what the site answers when it breaks, at an address that asks it nothing."""
    body = server_error(RequestFactory().get("/")).text
    page.route("**/broken/", lambda route: route.fulfill(status=500, content_type="text/html", body=body))
    page.reload()


# What is done on a page before it is photographed; places.py names them.
ACTS: dict[str, Callable[[Page], None]] = {
    "search": _search,
    "offline": _go_offline,
    "menu": _open_menu,
    "lose": _as_in_production,
    "buy": _buy,
    "break": _break,
}


@contextmanager
def empty_site() -> Iterator[str]:
    """Serve a site that nobody has touched from a thread of this process; yield its address."""
    call_command("migrate", verbosity=0)
    with sandbox.running(free_port(urlsplit(settings.STRIPE_API_HOST).port or 0)) as where_to_pay:
        settings.STRIPE_API_HOST = where_to_pay
        yield from _served()


def _served() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


def let_in_the_first() -> None:
    """Make one person of each role, as who sets a site up does; the demo replaces them."""
    for name, email in PEOPLE.items():
        if email:
            is_staff = name == Role.ADMIN
            User.objects.create_user(
                email, PASSWORD, full_name="Robin Okafor", role=Role(name), is_staff=is_staff, is_superuser=is_staff
            )


def load_the_demo() -> None:
    """Load it in a thread of its own: this one has Playwright's loop, beside which nothing can be pushed."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(call_command, "seed_demo", "--reset").result()


def signed_in(browser: Browser, site: str, email: str, **options: object) -> BrowserContext:
    """Return a browser context in which `email` is signed in; a visitor's for an empty address."""
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


def photograph(browser: Browser, site: str, wanted: list[Place], size: str, theme: str, folder: Path) -> list[Path]:
    """Take each page once at this width in this theme; return the pictures in order."""
    width, height = SIZES[size]
    taken: list[Path] = []
    options = {"viewport": {"width": width, "height": height}, "color_scheme": theme, "reduced_motion": "reduce"}
    for email in PEOPLE.values():
        context = signed_in(browser, site, email, **options)
        page = context.new_page()
        for place in (place for place in wanted if place.person == email):
            taken.append(_picture(page, site, place, folder / f"{place.name}-{size}-{theme}.png"))
        context.close()
    return taken


def _picture(page: Page, site: str, place: Place, file: Path) -> Path:
    page.goto(site + place.path, wait_until="load")
    page.wait_for_timeout(150)  # a socket opens, a clock begins to run
    page.wait_for_function(SEEN_IMAGES_ARE_THERE)
    if place.act:
        ACTS[place.act](page)
    page.screenshot(path=file)
    page.context.set_offline(False)
    return file


def contact_sheet(pictures: list[Path], size: str, file: Path) -> None:
    """Lay the pictures out in rows, each with its name below, in one picture small enough for the tree."""
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
    """Write the pictures of all pages, or of those that are named."""
    parser = argparse.ArgumentParser(prog="make screenshots")
    parser.add_argument("names", nargs="*", help="pages to look at; all of them by default")
    names = parser.parse_args().names
    single, shown = settings.BASE_DIR / "var" / "screens", settings.BASE_DIR / "docs" / "screens"
    for folder in (single, shown):
        folder.mkdir(parents=True, exist_ok=True)
    with empty_site() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(BROWSER_OPTIONS))
        let_in_the_first()
        pictures = _in_every_way(browser, site, _named(empty_places(), names), single)
        load_the_demo()
        for way, more in _in_every_way(browser, site, _named(places(), names), single).items():
            pictures[way] += more
        browser.close()
    if names:
        return
    for (size, theme), taken in pictures.items():
        contact_sheet(taken, size, shown / f"all-{size}-{theme}.jpg")
    for name in NAMED_BY_DOCUMENTS:
        with Image.open(single / f"{name}-desktop-light.png") as picture:
            picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(shown / f"{name}.png", optimize=True)


def _named(every: Iterator[Place], names: list[str]) -> list[Place]:
    return [place for place in every if not names or place.name in names]


def _in_every_way(browser: Browser, site: str, wanted: list[Place], folder: Path) -> dict[tuple[str, str], list[Path]]:
    """Take each page at every width in every theme; return the pictures of each of the four ways."""
    ways = [(size, theme) for size in SIZES for theme in THEMES]
    return {(size, theme): photograph(browser, site, wanted, size, theme, folder) for size, theme in ways}
