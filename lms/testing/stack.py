"""A whole production on this machine, without Docker: `make stack`, or `python -m lms.testing.stack --port 8443`.

Two gunicorns for pages and API, a uvicorn for sockets, two workers and the beat, under production settings, on
PostgreSQL, Valkey, Azurite and the Stripe stand-in, behind an nginx that speaks TLS with the configuration of deploy/.
Where no nginx is installed, each process answers at its own address. What it keeps is gone when it ends.
"""

import argparse
import os
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

import httpx

from lms.lib.ports import HOST, free_port
from lms.testing import proxy, servers
from lms.testing.azurite import CONTAINER, azurite
from lms.testing.engines import engines
from payments import sandbox

# Enough for one machine; docker-compose.yml has a worker for each queue.
WORKERS = {"worker": ("mail", "default"), "worker-documents": ("documents",)}
WEB = ("web-1", "web-2")


@dataclass
class Stack:
    """What runs: where the site answers, its processes by name, and the environment that they share."""

    address: str
    sockets: str
    environment: Mapping[str, str]
    authority: Path | None = None
    processes: dict[str, servers.Process] = field(default_factory=dict)

    def client(self) -> httpx.Client:
        """Return a client of the site; where there is no proxy, one that says what a proxy would."""
        if self.authority is None:
            return httpx.Client(base_url=self.address, headers={"X-Forwarded-Proto": "https"}, timeout=30)
        return httpx.Client(base_url=self.address, verify=self.trust(), timeout=30)

    def trust(self) -> ssl.SSLContext | None:
        """Return what trusts the proxy's certificate; None where there is no proxy."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    def drain(self) -> dict[str, int]:
        """Ask everything to end at once, as a host does that goes down; return the exit codes."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(timeout=servers.GRACE_SECONDS)
        return {name: process.returncode for name, process in self.processes.items()}


@contextmanager
def whole(folder: Path, port: int = 0, given: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Run everything, with its files in `folder`; yield it once it answers.

    `given` is the environment, ours by default: engines that it names are used, and migrated.
    """
    with ExitStack() as stack:
        port, sockets, webs = free_port(port), free_port(), [free_port() for _name in WEB]
        tls = proxy.certificate(folder) if proxy.nginx() else None
        address = f"https://localhost:{port}" if tls else f"http://{HOST}:{webs[0]}"
        environment = stack.enter_context(engines({**(given or os.environ), **_production(folder, port)}))
        environment |= stack.enter_context(_stand_ins())
        _prepare(environment)
        site = Stack(address, f"wss://localhost:{port}" if tls else f"ws://{HOST}:{sockets}", environment, tls)

        def start(name: str, module: list[str], **more: str) -> None:
            site.processes[name] = stack.enter_context(servers.running(module, {**environment, **more}))

        if tls:  # the first, so that it is the last to end
            stack.enter_context(proxy.serving(folder, port, webs, sockets))
        for name, its_port in zip(WEB, webs, strict=True):
            start(name, servers.pages(its_port, options=("--threads", "4", "--preload")))
        start("sockets", servers.sockets(sockets), CONN_MAX_AGE="0")
        for name, queues in WORKERS.items():
            start(name, servers.worker(*queues))
        start("beat", servers.beat(str(folder / "beat")))
        for name, its_port in zip([*WEB, "sockets"], [*webs, sockets], strict=True):
            servers.wait_for(f"http://{HOST}:{its_port}/readyz", site.processes[name])
        told_at = f"http://{HOST}:{webs[0]}"
        sandbox.send_events_to(told_at, environment["STRIPE_API_HOST"], environment["STRIPE_WEBHOOK_SECRET"])
        yield site


def _production(folder: Path, port: int) -> dict[str, str]:
    """Return what a production is told, beside its engines."""
    return {
        "ENVIRONMENT": "production",
        "DJANGO_SETTINGS_MODULE": "lms.settings",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": f"localhost,{HOST}",
        "SITE_URL": f"https://localhost:{port}",
        "TRUSTED_PROXIES": "1",
        "DATA_DIR": str(folder),
        "CONN_MAX_AGE": "60",
        "LOG_LEVEL": "WARNING",
        # A test key, so that the stand-in may be named in Stripe's place.
        "STRIPE_SECRET_KEY": "sk_test_stack000000000000000000000000",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_stack000000000000000000000000",
        "STRIPE_WEBHOOK_SECRET": secrets.token_urlsafe(32),
    }


@contextmanager
def _stand_ins() -> Iterator[dict[str, str]]:
    """Run what stands in for Stripe, and for Azure where npm can bring it; yield how the site reaches them."""
    with ExitStack() as stack:
        found = {"STRIPE_API_HOST": stack.enter_context(sandbox.running(free_port(8420)))}
        if shutil.which("npm"):
            found["FILE_STORAGE_PROVIDER"] = "azure"
            found["AZURE_STORAGE_CONNECTION_STRING"] = stack.enter_context(azurite())
            found["AZURE_STORAGE_CONTAINER_NAME"] = CONTAINER
        yield found


def _prepare(environment: Mapping[str, str]) -> None:
    """Migrate, look at the settings as a deployment should, and collect the static files where they are not as new as
    what they are made of: hashing and compressing them takes a while."""
    commands = [["migrate", "-v0"], ["check", "--deploy", "--fail-level", "WARNING"]]
    if not _static_files_are_collected():
        commands.append(["collectstatic", "--noinput", "-v0"])
    with ThreadPoolExecutor(len(commands)) as pool:  # neither waits for what another does
        list(pool.map(lambda command: _manage(command, environment), commands))


def _manage(command: list[str], environment: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, "manage.py", *command], env=environment, cwd=servers.ROOT, check=True)


def _static_files_are_collected() -> bool:
    manifest = servers.ROOT / "staticfiles" / "staticfiles.json"
    made_of = [*(servers.ROOT / "static").rglob("*"), servers.ROOT / "requirements.txt"]
    return manifest.exists() and manifest.stat().st_mtime > max(path.stat().st_mtime for path in made_of)


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--demo", action="store_true", help="with the demo school in it")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="lms-stack-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        with whole(Path(name), options.port) as site:
            if options.demo:  # which production refuses: its passwords are known to everybody
                seed = [sys.executable, "manage.py", "seed_demo"]
                development = {**site.environment, "ENVIRONMENT": "development"}
                subprocess.run(seed, env=development, cwd=servers.ROOT, check=True)
            print(_welcome(site), flush=True)
            try:
                while all(process.poll() is None for process in site.processes.values()):
                    time.sleep(1)
            except KeyboardInterrupt:
                print("Ending ...", {name: code for name, code in site.drain().items() if code}, flush=True)


def _welcome(site: Stack) -> str:
    lines = [
        "",
        f"  The site   {site.address}",
        f"  Sockets    {site.sockets}",
        f"  Its data   {site.environment['DATA_DIR']}",
    ]
    lines += [f"  {name:<17} process {process.pid}" for name, process in site.processes.items()]
    if site.authority is None:
        lines.append("  No nginx is installed: pages are at the first web process, and a browser is sent to https.")
    return "\n".join([*lines, "", "  Ctrl+C ends it.", ""])


if __name__ == "__main__":
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    main()
