"""A production stack on this machine without Docker: `make stack`, or `python -m tools.testing.stack --port 8443`.

Two gunicorns for pages and API, a uvicorn for sockets, two Celery workers and beat run with production settings on
PostgreSQL, Valkey, Azurite and the Stripe sandbox, behind an nginx with TLS that is configured by deploy/nginx.conf.
Without nginx, each process listens at its own address. All data is deleted when the stack stops.
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

from tools.ports import HOST, free_port
from tools.stripe_sandbox import process as stripe_sandbox_process
from tools.testing import proxy, servers
from tools.testing.azurite import CONTAINER, run_azurite
from tools.testing.engines import run_engines

# Two workers suffice for one machine; docker-compose.yml has one for each queue.
WORKERS = {"worker": ("mail", "default"), "worker-documents": ("documents",)}
WEB = ("web-1", "web-2")


@dataclass
class Stack:
    """A running stack: the site's addresses, its processes by name, and their environment."""

    address: str
    sockets: str
    environment: Mapping[str, str]
    authority: Path | None = None
    processes: dict[str, servers.Process] = field(default_factory=dict)

    def client(self) -> httpx.Client:
        """Return an HTTP client of the site; without a proxy it sends the header that the proxy would set."""
        if self.authority is None:
            return httpx.Client(base_url=self.address, headers={"X-Forwarded-Proto": "https"}, timeout=30)
        return httpx.Client(base_url=self.address, verify=self.ssl_context(), timeout=30)

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return a context that trusts the certificate of the proxy, or None without a proxy."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    def terminate(self) -> dict[str, int]:
        """Send SIGTERM to all processes at once, as a host does that shuts down; return the exit codes."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(timeout=servers.GRACE_SECONDS)
        return {name: process.returncode for name, process in self.processes.items()}


@contextmanager
def run_stack(folder: Path, port: int = 0, given: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Run the stack with its files in `folder`; yield it when every process answers.

    `given` is the environment, by default that of this process. Engines that it names are used, and migrated.
    """
    with ExitStack() as stack:
        port, sockets, webs = free_port(port), free_port(), [free_port() for _name in WEB]
        tls = proxy.write_certificate(folder) if proxy.find_nginx() else None
        address = f"https://localhost:{port}" if tls else f"http://{HOST}:{webs[0]}"
        environment = stack.enter_context(
            run_engines({**(given or os.environ), **_production_environment(folder, port)})
        )
        environment |= stack.enter_context(_run_emulators())
        _prepare(environment)
        site = Stack(address, f"wss://localhost:{port}" if tls else f"ws://{HOST}:{sockets}", environment, tls)

        def start(name: str, module: list[str], **more: str) -> None:
            site.processes[name] = stack.enter_context(servers.run_module(module, {**environment, **more}))

        if tls:  # started first, so that it stops last
            stack.enter_context(proxy.run_nginx(folder, port, webs, sockets))
        for name, web_port in zip(WEB, webs, strict=True):
            start(name, servers.pages_command(web_port, options=("--threads", "4", "--preload")))
        start("sockets", servers.sockets_command(sockets), CONN_MAX_AGE="0")
        for name, queues in WORKERS.items():
            start(name, servers.worker_command(*queues))
        start("beat", servers.beat_command(str(folder / "beat")))
        for name, process_port in zip([*WEB, "sockets"], [*webs, sockets], strict=True):
            servers.wait_for(f"http://{HOST}:{process_port}/readyz", site.processes[name])
        webhook_site = f"http://{HOST}:{webs[0]}"
        stripe_sandbox_process.send_events_to(
            webhook_site, environment["STRIPE_API_HOST"], environment["STRIPE_WEBHOOK_SECRET"]
        )
        yield site


def _production_environment(folder: Path, port: int) -> dict[str, str]:
    """Return the environment variables of production, except for the engines."""
    return {
        "ENVIRONMENT": "production",
        "DJANGO_SETTINGS_MODULE": "lms.settings",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50),
        "AUDIT_KEY": os.environ.get("AUDIT_KEY") or secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": f"localhost,{HOST}",
        "SITE_URL": f"https://localhost:{port}",
        "TRUSTED_PROXIES": "1",
        "DATA_DIR": str(folder),
        "CONN_MAX_AGE": "60",
        "LOG_LEVEL": "WARNING",
        # A test key: the settings accept STRIPE_API_HOST only with one.
        "STRIPE_SECRET_KEY": "sk_test_stack000000000000000000000000",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_stack000000000000000000000000",
        "STRIPE_WEBHOOK_SECRET": secrets.token_urlsafe(32),
    }


@contextmanager
def _run_emulators() -> Iterator[dict[str, str]]:
    """Run the Stripe sandbox, and Azurite if npm is installed; yield the environment variables with their addresses."""
    with ExitStack() as stack:
        variables = {"STRIPE_API_HOST": stack.enter_context(stripe_sandbox_process.run_sandbox(free_port(8420)))}
        if shutil.which("npm"):
            variables["FILE_STORAGE_PROVIDER"] = "azure"
            variables["AZURE_STORAGE_CONNECTION_STRING"] = stack.enter_context(run_azurite())
            variables["AZURE_STORAGE_CONTAINER_NAME"] = CONTAINER
        yield variables


def _prepare(environment: Mapping[str, str]) -> None:
    """Run the commands of a deployment: migrate, `check --deploy`, and collectstatic if static files have changed.

    The check gets the address of a mail server, which production requires; the stack writes its emails to a folder.
    """
    check = ["check", "--deploy", "--fail-level", "WARNING"]
    commands = [(["migrate", "-v0"], environment), (check, {**environment, "EMAIL_URL": f"smtp://{HOST}:1"})]
    if not _static_files_are_collected():
        commands.append((["collectstatic", "--noinput", "-v0"], environment))
    with ThreadPoolExecutor(len(commands)) as pool:  # they don't depend on each other
        list(pool.map(lambda command: _manage(*command), commands))


def _manage(command: list[str], environment: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, "manage.py", *command], env=environment, cwd=servers.ROOT, check=True)


def _static_files_are_collected() -> bool:
    manifest = servers.ROOT / "staticfiles" / "staticfiles.json"
    sources = [*(servers.ROOT / "static").rglob("*"), servers.ROOT / "requirements.txt"]
    return manifest.exists() and manifest.stat().st_mtime > max(path.stat().st_mtime for path in sources)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run the stack until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--demo", action="store_true", help="load the demo data")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix="lms-stack-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        with run_stack(Path(name), options.port) as site:
            if options.demo:  # as development: production refuses the demo, whose passwords are public
                seed = [sys.executable, "manage.py", "seed_demo"]
                development = {**site.environment, "ENVIRONMENT": "development"}
                subprocess.run(seed, env=development, cwd=servers.ROOT, check=True)
            print(_welcome(site), flush=True)
            try:
                while all(process.poll() is None for process in site.processes.values()):
                    time.sleep(1)
            except KeyboardInterrupt:
                print("Stopping ...", {name: code for name, code in site.terminate().items() if code}, flush=True)


def _welcome(site: Stack) -> str:
    lines = [
        "",
        f"  Site       {site.address}",
        f"  Sockets    {site.sockets}",
        f"  Data       {site.environment['DATA_DIR']}",
    ]
    lines += [f"  {name:<17} process {process.pid}" for name, process in site.processes.items()]
    if site.authority is None:
        lines.append(
            "  nginx is not installed: the address is that of the first web process, which redirects browsers to HTTPS."
        )
    return "\n".join([*lines, "", "  Press Ctrl+C to stop.", ""])


if __name__ == "__main__":
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    main()
