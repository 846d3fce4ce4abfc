"""System packages that pip cannot install: find them, install them, or print instructions.

`make run` and `make test` call `python -m tools.system pango` and `python -m tools.system chromium`.
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
# Without internet, Chromium's background requests only take time.
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def has_pango() -> bool:
    """Return whether the libraries of WeasyPrint can be found."""
    return all(ctypes.util.find_library(name) for name in ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset"))


def find_chromium() -> str | None:
    """Return the path of Chromium ($CHROMIUM, on the PATH, or installed by Playwright), or None."""
    configured = os.environ.get("CHROMIUM")
    found = configured or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        return found
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    installed = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(installed[-1]) if installed else None


class Dependency(NamedTuple):
    """A system dependency: a check, a description, its Debian packages, and another command that installs it."""

    find: Callable[[], object]
    description: str
    packages: tuple[str, ...]
    fallback: tuple[str, ...] | None


DEPENDENCIES = {
    "pango": Dependency(
        has_pango,
        "Pango (for PDFs of certificates)",
        ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
        None,
    ),
    "chromium": Dependency(
        find_chromium,
        "Chromium (for browser tests)",
        ("chromium",),
        (sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"),
    ),
    "wrk": Dependency(lambda: shutil.which("wrk"), "wrk (for `make bench`)", ("wrk",), None),
}


def install_with_apt(packages: tuple[str, ...]) -> bool:
    """Install Debian packages as root or by sudo without a password; return whether it succeeded."""
    apt = shutil.which("apt-get")
    if apt is None:
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and (shutil.which("sudo") is None or not _succeeds([*sudo, "true"])):
        return False
    return _succeeds([*sudo, apt, "update", "-q"]) and _succeeds(
        [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", apt, "install", "-y", "-q", *packages]
    )


def ensure_installed(name: str) -> int:
    """Install a dependency if it is missing; return 0, or print instructions and return 1."""
    dependency = DEPENDENCIES[name]
    if dependency.find():
        return 0
    sys.stdout.write(f"Installing {' '.join(dependency.packages)} ...\n")
    if (install_with_apt(dependency.packages) or _install_with_fallback(dependency)) and dependency.find():
        return 0
    sys.stderr.write(
        f"{dependency.description} is missing and could not be installed automatically. Install it with:\n"
        f"  Debian, Ubuntu:  sudo apt-get install {' '.join(dependency.packages)}\n"
        f"  macOS:           brew install {name}\n"
    )
    return 1


def _install_with_fallback(dependency: Dependency) -> bool:
    return dependency.fallback is not None and _succeeds(list(dependency.fallback))


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603  # constant commands
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(ensure_installed(sys.argv[1]))
