"""The Stripe sandbox as a separate process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from django.conf import settings

from tools.ports import HOST

START_SECONDS = 20
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def run_sandbox(port: int, *, store: Path | None = None, event_delay: float = 1.0) -> Iterator[str]:
    """Run the sandbox on `port`; yield its address. Raises RuntimeError if it doesn't start within 20 seconds."""
    command = [
        sys.executable,
        "-m",
        "tools.stripe_sandbox.server",
        "--port",
        str(port),
        "--event-delay",
        str(event_delay),
    ]
    command += ["--parent", str(os.getpid())]
    command += ["--store", str(store)] if store else []
    process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603  # a constant command
    address = f"http://{HOST}:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(requests.ConnectionError):
            requests.get(f"{address}/js.stripe.com/v3/", timeout=2)
            return
        time.sleep(0.1)
    raise RuntimeError(f"The Stripe sandbox at {address} did not start.")


def send_events_to(site: str, address: str, secret: str = "") -> None:
    """Make the sandbox at `address` send events to the webhook of `site`, signed with `secret` or the setting's."""
    body = {"url": f"{site}/api/v1/payments/webhook", "secret": secret or settings.STRIPE_WEBHOOK_SECRET}
    requests.post(f"{address}/_config/webhooks/site", json=body, timeout=5).raise_for_status()
