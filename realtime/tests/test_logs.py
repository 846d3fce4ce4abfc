"""Logs contain no tokens (quality row W03)."""

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

from core.http.logs import without_query
from realtime.tests.connections import run
from tools.ports import free_port

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzaWQiOiJ4In0.c2lnbmF0dXJl"


def test_queries_are_removed_from_log_lines() -> None:
    line = '1.2.3.4:5 - "WebSocket /ws/notifications?token=eyJ.a.b&since=4" [accepted]'
    assert without_query(line) == '1.2.3.4:5 - "WebSocket /ws/notifications?-" [accepted]'
    assert without_query("GET /account/reset/?token=abc HTTP/1.1") == "GET /account/reset/?- HTTP/1.1"


@pytest.mark.quality("W03")
def test_the_server_logs_no_token_at_debug_level(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "lms.asgi:application", "--port", str(port), "--log-level", "debug"]
    log = tmp_path / "log"
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "LOG_LEVEL": "INFO", "DATABASE_URL": ""}
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output)
    try:
        connect_with_token(port)
    finally:
        server.terminate()
        server.wait(timeout=20)
    lines = log.read_text()
    assert "/ws/notifications?-" in lines, "the request was not logged"
    assert re.findall("eyJ[^\n]*", lines) == []
    assert "secret-of-a-link" not in lines


def connect_with_token(port: int) -> None:
    """Open a page and a socket with a secret in the URL, once the server is up."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez?token=secret-of-a-link", timeout=30)
            break
        except httpx.TransportError:
            time.sleep(0.2)

    async def connect() -> None:
        async with websockets.connect(f"ws://127.0.0.1:{port}/ws/notifications?token={JWT}") as device:
            await device.wait_closed()

    run(connect())
