"""Memory use of the web process for large files (quality rows F05 and F10).

`measure_servers()` starts the site on an empty SQLite database, uploads and downloads 200 MB over HTTP, tries to upload
1 GB, and reads the peak memory of the process from /proc. `python -m tools.bench.large_files` prints the figures.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tools.bench.figures import Figure
from tools.ports import free_port
from tools.testing import servers

MB = 1024 * 1024
LARGE = 200 * MB - 64
HUGE = 1024 * MB
LIMIT = 100.0  # megabytes by which the process may grow
PIECE = 1 * MB
# The header of an MP4 file; the following bytes don't matter.
HEAD = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + b"\0\0\0\x08free"
PASSWORD = "a long walk home"  # noqa: S105  # of a test user
BOUNDARY = "----campus"

Row = tuple[str, float, str, float]


class Site:
    """A running site with an instructor who has a course."""

    def __init__(self, address: str, pid: int, folder: Path) -> None:
        self.address, self.pid, self.folder = address, pid, folder
        self.client = httpx.Client(base_url=f"{address}/api/v1", timeout=300)
        self._create_course()

    def _create_course(self) -> None:
        person = {"email": "bench@example.com", "password": PASSWORD, "full_name": "Bench", "role": "instructor"}
        self.client.post("/users/", json=person).raise_for_status()
        tokens = self.client.post("/auth/token", json={"email": person["email"], "password": PASSWORD}).json()
        self.client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        self.course_id = self.client.post("/courses/", json={"title": "Bench"}).json()["id"]

    def memory(self, which: str) -> float:
        """Return the memory of the process in MB: VmRSS is the present value, VmHWM the peak."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{which}:"))
        return int(line.split()[1]) / 1024

    def body(self, size: int) -> Iterator[bytes]:
        """Yield a multipart body with a video of `size` bytes in pieces."""
        for name, value in {"purpose": "course_material", "course_id": self.course_id}.items():
            yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        yield (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="video.mp4"\r\n'
            "Content-Type: video/mp4\r\n\r\n"
        ).encode()
        yield HEAD
        left = size - len(HEAD)
        while left:
            yield bytes(min(PIECE, left))
            left -= min(PIECE, left)
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    def upload(self, size: int, *, announced: bool) -> httpx.Response:
        """Upload a video of `size` bytes, with `Content-Length` or chunked."""
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        if announced:
            around = sum(len(piece) for piece in self.body(len(HEAD))) - len(HEAD)
            headers["Content-Length"] = str(around + size)
        return self.client.post("/files/upload", content=self.body(size), headers=headers)

    def download(self, file_id: str) -> int:
        """Download a file without storing it; return its size in bytes."""
        with self.client.stream("GET", f"/files/{file_id}/download", follow_redirects=True) as answer:
            answer.raise_for_status()
            return sum(len(piece) for piece in answer.iter_bytes(PIECE))

    def leftovers(self) -> list[str]:
        """Return the names in the folder for temporary files."""
        return sorted(path.name for path in (self.folder / "tmp").iterdir())


@contextmanager
def run_site(server: str = "uvicorn") -> Iterator[Site]:
    """Run the site in a separate process on an empty SQLite database; yield it."""
    with tempfile.TemporaryDirectory(prefix="lms-bench-") as name:
        folder = Path(name)
        (folder / "tmp").mkdir()
        port = free_port()
        environment = {
            **{key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")},
            "DATA_DIR": name,
            "ENVIRONMENT": "development",
            "DEMO": "0",
            "TMPDIR": str(folder / "tmp"),
            "SITE_URL": f"http://127.0.0.1:{port}",
            "ALLOW_PUBLIC_ROLE_REGISTRATION": "1",
        }
        manage = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(manage, env=environment, check=True)  # noqa: S603  # a constant command
        address = environment["SITE_URL"]
        with servers.run_module(_command(server, port), environment) as process:
            servers.wait_for(f"{address}/livez", process)
            yield Site(address, _worker(process.pid), folder)


def _command(server: str, port: int) -> list[str]:
    if server == "gunicorn":
        return servers.pages_command(port, workers=1, options=("--timeout", "120"))
    return servers.sockets_command(port)


def _worker(pid: int) -> int:
    """Return the id of the process that serves requests: gunicorn's only child, or the server itself."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else pid


def measure_servers(kinds: tuple[str, ...] = ("uvicorn", "gunicorn")) -> list[Row]:
    """Return (name, value, unit, limit) for each figure; a value over its limit is a failure."""
    return [row for kind in kinds for row in _measure_server(kind)]


def measure() -> Iterator[Figure]:
    """Yield the figures for docs/benchmarks.md."""
    for name, value, unit, bar in measure_servers():
        yield Figure("F10", name, value, unit, bar, more_is_better=False)


def _measure_server(server: str) -> list[Row]:
    with run_site(server) as running:
        before = running.memory("VmRSS")
        began = time.monotonic()
        uploaded = running.upload(LARGE, announced=True)
        uploaded.raise_for_status()
        seconds = time.monotonic() - began
        after_upload = running.memory("VmHWM")
        downloaded = running.download(uploaded.json()["id"])
        if downloaded != LARGE:
            raise RuntimeError(f"downloaded {downloaded} of {LARGE} bytes")
        after_download = running.memory("VmHWM")
        refused = [_is_refused(running, announced) for announced in (True, False)]
        return [
            (f"{server}: upload of 200 MB, growth", after_upload - before, "MB", LIMIT),
            (f"{server}: download of 200 MB, growth", after_download - before, "MB", LIMIT),
            (f"{server}: 1 GB refused, growth", running.memory("VmHWM") - before, "MB", LIMIT),
            (f"{server}: 1 GB accepted", float(2 - sum(refused)), "of 2", 0.0),
            (f"{server}: temporary files left", float(len(running.leftovers())), "files", 0.0),
            (f"{server}: upload of 200 MB takes", seconds, "s", 60.0),
        ]


def _is_refused(running: Site, announced: bool) -> bool:
    """Return whether an upload of 1 GB is refused.

    A refusal is a 413, a closed connection, or for chunked bodies a server that accepts none (400, 411).
    """
    try:
        answer = running.upload(HUGE, announced=announced)
    except httpx.TransportError:
        return True
    return answer.status_code in (400, 411, 413)


def main() -> None:
    """Print the figures; exit with 1 if one is over its limit."""
    found: list[Any] = measure_servers()
    for name, value, unit, bar in found:
        sys.stdout.write(f"{name:45} {value:8.1f} {unit:6} at most {bar:.0f}\n")
    sys.exit(any(value > bar for _name, value, _unit, bar in found))


if __name__ == "__main__":
    main()
