"""Starting the sandbox's Stripe as a process of its own, and telling it where our webhook is."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from django.conf import settings

from lms.lib.ports import HOST

START_SECONDS = 20
ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def running(port: int, *, store: Path | None = None, event_delay: float = 1.0) -> Iterator[str]:
    """Run the stand-in on `port`; yield its address. Raises RuntimeError when it does not come up."""
    command = [sys.executable, "-m", "payments.sandbox_server", "--port", str(port), "--event-delay", str(event_delay)]
    command += ["--parent", str(os.getpid())]
    command += ["--store", str(store)] if store else []
    process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603  # our own command
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
    """Have the stand-in at `address` send its events, signed with `secret` or our own, to the site's webhook."""
    body = {"url": f"{site}/api/v1/payments/webhook", "secret": secret or settings.STRIPE_WEBHOOK_SECRET}
    requests.post(f"{address}/_config/webhooks/site", json=body, timeout=5).raise_for_status()
