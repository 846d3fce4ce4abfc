"""Programs from npm for tests and tools, each installed once at a fixed version."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path


def install_program(package: str, version: str, program: str) -> Path:
    """Return the path of `program` of an npm package, installing the package at the first call.

    Raises RuntimeError with instructions if npm is missing or the installation fails.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "campus-lms" / f"{package}-{version}"
    path = cache / "node_modules" / ".bin" / program
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # only one worker of a parallel run installs it
        if not path.exists():
            _install(f"{package}@{version}", cache)
    return path


def _install(package: str, cache: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(
            f"The tests need npm, which installs {package}. On Debian and Ubuntu: sudo apt-get install npm; on macOS: "
            "brew install node. Then run them again."
        )
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(cache), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm could not install {package}: {done.stderr or done.stdout}")
