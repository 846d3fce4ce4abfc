"""Limits that protect other clients: frame size, message rate, sockets per user, slow readers (quality row W07)."""

import asyncio
import json
import socket as plain
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest
import websockets
from asgiref.sync import sync_to_async

from accounts.models import User
from realtime.consumers import MAX_FRAMES_PER_PERIOD
from realtime.models import Event
from realtime.services import push
from realtime.tests.connections import run, socket, token_of
from tools.testing.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


async def open_socket(token: str) -> Socket:
    device = socket(f"?token={token}")
    await device.connect()
    return device


@pytest.mark.quality("W07")
def test_a_frame_of_1_mb_closes_with_1009(bob: User, live_site: str) -> None:
    address = live_site.replace("http", "ws") + f"/ws/notifications?token={token_of(bob)}"

    async def talk() -> int:
        async with websockets.connect(address) as device:
            await device.send("x" * 1_000_000)
            await device.wait_closed()
            return device.close_code

    assert run(talk()) == 1009


@pytest.mark.quality("W07")
def test_a_server_without_a_frame_limit_also_closes_with_1009(bob: User) -> None:
    token = token_of(bob)

    async def talk() -> int:
        device = await open_socket(token)
        await device.send("x" * 1_000_000)
        code = await device.close_code()
        await device.disconnect()
        return code

    assert run(talk()) == 1009


@pytest.mark.quality("W07")
def test_a_flood_of_messages_closes_with_4429(bob: User) -> None:
    token = token_of(bob)

    async def talk() -> tuple[int, int]:
        device = await open_socket(token)
        for _ in range(1000):
            await device.send('{"type": "ping"}')
        responses = 0
        while (message := await device.message())["type"] == "websocket.send":
            responses += 1
        await device.disconnect()
        return responses, message["code"]

    responses, code = run(talk())
    assert code == 4429
    assert responses <= MAX_FRAMES_PER_PERIOD


@pytest.mark.quality("W07")
@pytest.mark.parametrize("text", ["[" * 60_000, '{"type":' * 5000, '"' + "\\ud800" * 10 + '"', "\x00", "null", "7"])
def test_invalid_messages_are_reported_and_the_socket_stays_open(bob: User, text: str) -> None:
    token = token_of(bob)

    async def talk() -> list[dict[str, Any]]:
        device = await open_socket(token)
        await device.send(text)
        first = await device.json()
        await device.send('{"type": "ping"}')
        second = await device.json()
        await device.disconnect()
        return [first, second]

    assert run(talk()) == [{"type": "error", "code": "bad_message"}, {"type": "pong"}]


@pytest.mark.quality("W07")
def test_a_user_can_open_ten_sockets(bob: User, carol: User) -> None:
    token, other = token_of(bob), token_of(carol)

    async def connect() -> tuple[int, list[int], bool]:
        open_ones, codes = [], []
        for _ in range(500):
            device = await open_socket(token)
            if len(open_ones) < 10:
                open_ones.append(device)
            else:
                codes.append(await device.close_code())
                await device.disconnect()
        other_device = await open_socket(other)
        fine = await other_device.is_silent()
        await other_device.disconnect()
        await open_ones.pop().disconnect()
        open_ones.append(await open_socket(token))
        silent = [await device.is_silent(0.05) for device in open_ones]
        for device in open_ones:
            await device.disconnect()
        return sum(silent), codes, fine

    alive, codes, fine = run(connect())
    assert (alive, codes, fine) == (10, [4429] * 490, True)


@pytest.mark.long
@pytest.mark.quality("W07")
def test_a_stalled_reader_delays_no_other_client_and_is_closed(bob: User, carol: User, live_site: str) -> None:
    base = live_site.replace("http", "ws") + "/ws/notifications?token="
    stalled_token, token = token_of(bob), token_of(carol)

    def push_all() -> None:
        for _ in range(20):
            push([bob.pk, carol.pk], Event.COURSE_UPDATED, {"text": "x" * 100_000})

    async def watch() -> tuple[list[int], int]:
        stalled = await stalled_socket(f"{base}{stalled_token}")
        async with websockets.connect(f"{base}{token}") as device:
            numbers = []
            for _ in range(5):
                await sync_to_async(push_all)()
                numbers += [json.loads(await asyncio.wait_for(device.recv(), 5))["id"] for _ in range(20)]
        await asyncio.sleep(4)
        return numbers, await read_to_the_end(stalled)

    with patch("realtime.consumers.SEND_TIMEOUT_SECONDS", 2):
        numbers, bytes_received = run(watch())
    assert numbers == list(range(1, 101))
    assert bytes_received < 100 * 100_000, "everything was buffered for a stalled reader"


async def stalled_socket(address: str) -> plain.socket:
    """Open a WebSocket with a small receive buffer, and stop reading after the handshake."""
    host, path = address.removeprefix("ws://").split("/", 1)
    name, port = host.split(":")
    connection = plain.socket()
    connection.setsockopt(plain.SOL_SOCKET, plain.SO_RCVBUF, 4096)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (name, int(port)))
    lines = [f"GET /{path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", ""]
    await loop.sock_sendall(connection, "\r\n".join(lines).encode())
    assert b"101" in await loop.sock_recv(connection, 20)
    return connection


async def read_to_the_end(connection: plain.socket) -> int:
    """Return the number of bytes until the server closes the connection; raise TimeoutError if it does not."""
    loop, total = asyncio.get_running_loop(), 0
    with connection, suppress(ConnectionResetError):
        async with asyncio.timeout(30):
            while part := await loop.sock_recv(connection, 65_536):
                total += len(part)
    return total
