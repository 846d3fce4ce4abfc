"""`make screenshots`: starts the demo in a folder of its own, opens every page, and writes the pictures.

Single pictures go to `var/screens/`; what the documents show goes to `docs/screens/`: the pictures that they name, and
four contact sheets, of a desk's and a phone's width, light and dark.
"""

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from django.conf import settings
from django.core.management import call_command
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from lms.asgi import application
from lms.screens.places import PEOPLE, Place, places
from lms.system import BROWSER_OPTIONS, chromium

PASSWORD = "learn-by-doing"  # noqa: S105  # the demo's, which everybody knows
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
THEMES = ("light", "dark")
NAMED_BY_DOCUMENTS = ("home", "dashboard", "learning-room", "quiz-taking", "gradebook", "editor")
THUMB = {"desktop": 400, "phone": 200}
COLUMNS = {"desktop": 5, "phone": 10}
LABEL = 22


@contextmanager
def demo_site() -> Iterator[str]:
    """Serve a fresh demo from a thread of this process; yield its address."""
    call_command("migrate", verbosity=0)
    call_command("seed_demo")
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


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
    page.screenshot(path=file)
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
    with demo_site() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(BROWSER_OPTIONS))
        wanted = [place for place in places() if not names or place.name in names]
        for size in SIZES:
            for theme in THEMES:
                pictures = photograph(browser, site, wanted, size, theme, single)
                if not names:
                    contact_sheet(pictures, size, shown / f"all-{size}-{theme}.jpg")
        browser.close()
    for name in NAMED_BY_DOCUMENTS if not names else ():
        with Image.open(single / f"{name}-desktop-light.png") as picture:
            picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(shown / f"{name}.png", optimize=True)
