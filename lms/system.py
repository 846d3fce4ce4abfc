"""What pip cannot install: finds it, installs it where it may, and says plainly what is missing where it may not.

`python -m lms.system pango` and `... chromium`, as `make run` and `make test` call it.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Chromium's own errands go nowhere on a machine without internet, and only cost time.
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pango_is_there() -> bool:
    """Return whether the libraries that WeasyPrint draws with can be loaded."""
    return all(ctypes.util.find_library(name) for name in ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset"))


def chromium() -> str | None:
    """Return the path of a Chromium: $CHROMIUM, one on the PATH, or the one that Playwright brought; None without."""
    named = os.environ.get("CHROMIUM")
    found = named or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        return found
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    brought = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(brought[-1]) if brought else None


class Part(NamedTuple):
    """Something of the system that we need: how to see it, and how to get it."""

    is_there: Callable[[], object]
    what_for: str
    packages: tuple[str, ...]
    otherwise: tuple[str, ...] | None


PARTS = {
    "pango": Part(
        pango_is_there,
        "Pango, which prints the certificates,",
        ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
        None,
    ),
    "chromium": Part(
        chromium,
        "Chromium, which the browser tests drive,",
        ("chromium",),
        (sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"),
    ),
    "wrk": Part(lambda: shutil.which("wrk"), "wrk, which loads the site for `make bench`,", ("wrk",), None),
}


def by_apt(packages: tuple[str, ...]) -> bool:
    """Install Debian packages where we may: as root, or by a sudo that asks no password. Return whether it worked."""
    apt = shutil.which("apt-get")
    if apt is None:
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and (shutil.which("sudo") is None or not _quietly([*sudo, "true"])):
        return False
    return _quietly([*sudo, apt, "update", "-q"]) and _quietly(
        [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", apt, "install", "-y", "-q", *packages]
    )


def ensure(name: str) -> int:
    """See that the part is there, or install it; return 0, or 1 after saying what to do."""
    part = PARTS[name]
    if part.is_there():
        return 0
    sys.stdout.write(f"Installing {' '.join(part.packages)} ...\n")
    if (by_apt(part.packages) or (part.otherwise and _quietly(list(part.otherwise)))) and part.is_there():
        return 0
    sys.stderr.write(
        f"{part.what_for} is missing, and could not be installed from here.\n"
        f"  Debian, Ubuntu:  sudo apt-get install {' '.join(part.packages)}\n"
        f"  macOS:           brew install {name}\n"
    )
    return 1


def _quietly(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603  # fixed commands
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(ensure(sys.argv[1]))
