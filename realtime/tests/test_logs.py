"""No token in any log (QUALITY W03)."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import websockets
from django.conf import settings

from lms.lib.logged_addresses import without_query
from lms.lib.ports import free_port
from realtime.tests.knocking import run

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzaWQiOiJ4In0.c2lnbmF0dXJl"


def test_a_query_is_cut_off_a_line() -> None:
    line = '1.2.3.4:5 - "WebSocket /ws/notifications?token=eyJ.a.b&since=4" [accepted]'
    assert without_query(line) == '1.2.3.4:5 - "WebSocket /ws/notifications?-" [accepted]'
    assert without_query("GET /account/reset/?token=abc HTTP/1.1") == "GET /account/reset/?- HTTP/1.1"


@pytest.mark.quality("W03")
def test_the_server_that_compose_starts_logs_no_token_at_its_most_talkative(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "lms.asgi:application", "--port", str(port), "--log-level", "debug"]
    log = tmp_path / "log"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "LOG_LEVEL": "INFO", "DATABASE_URL": ""}
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output)
    try:
        knock_with_token(port)
    finally:
        server.terminate()
        server.wait(timeout=20)
    lines = log.read_text()
    assert "/ws/notifications?-" in lines, "nothing was logged, so nothing was shown"
    assert re.findall("eyJ[^\n]*", lines) == []
    assert "secret-of-a-link" not in lines


def knock_with_token(port: int) -> None:
    """Open a socket and a page, each with a secret in its address, once the server is up."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez?token=secret-of-a-link", timeout=30)
            break
        except httpx.TransportError:
            time.sleep(0.2)

    async def knock() -> None:
        async with websockets.connect(f"ws://127.0.0.1:{port}/ws/notifications?token={JWT}") as device:
            await device.wait_closed()

    run(knock())
