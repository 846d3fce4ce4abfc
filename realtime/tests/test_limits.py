"""What one client can do to the rest: large frames, floods, many sockets, readers that stall (QUALITY W07)."""

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
from lms.testing.sockets import Socket
from realtime.consumers import FRAMES_A_PERIOD
from realtime.models import Event
from realtime.services import push
from realtime.tests.knocking import run, socket, token_of

pytestmark = pytest.mark.django_db(transaction=True)


async def opened(token: str) -> Socket:
    device = socket(f"?token={token}")
    await device.connect()
    return device


@pytest.mark.quality("W07")
def test_a_frame_of_a_megabyte_closes_with_1009(bob: User, live_site: str) -> None:
    address = live_site.replace("http", "ws") + f"/ws/notifications?token={token_of(bob)}"

    async def talk() -> int:
        async with websockets.connect(address) as device:
            await device.send("x" * 1_000_000)
            await device.wait_closed()
            return device.close_code

    assert run(talk()) == 1009


@pytest.mark.quality("W07")
def test_a_server_without_that_limit_closes_with_1009_all_the_same(bob: User) -> None:
    token = token_of(bob)

    async def talk() -> int:
        device = await opened(token)
        await device.send("x" * 1_000_000)
        code = await device.close_code()
        await device.disconnect()
        return code

    assert run(talk()) == 1009


@pytest.mark.quality("W07")
def test_a_flood_of_messages_closes_with_4429(bob: User) -> None:
    token = token_of(bob)

    async def talk() -> tuple[int, int]:
        device = await opened(token)
        for _ in range(1000):
            await device.send('{"type": "ping"}')
        answered = 0
        while (message := await device.message())["type"] == "websocket.send":
            answered += 1
        await device.disconnect()
        return answered, message["code"]

    answered, code = run(talk())
    assert code == 4429
    assert answered <= FRAMES_A_PERIOD


@pytest.mark.quality("W07")
@pytest.mark.parametrize("text", ["[" * 60_000, '{"type":' * 5000, '"' + "\\ud800" * 10 + '"', "\x00", "null", "7"])
def test_what_is_no_message_is_bad_and_the_socket_stays(bob: User, text: str) -> None:
    token = token_of(bob)

    async def talk() -> list[dict[str, Any]]:
        device = await opened(token)
        await device.send(text)
        first = await device.json()
        await device.send('{"type": "ping"}')
        second = await device.json()
        await device.disconnect()
        return [first, second]

    assert run(talk()) == [{"type": "error", "code": "bad_message"}, {"type": "pong"}]


@pytest.mark.quality("W07")
def test_of_five_hundred_sockets_a_user_gets_ten(bob: User, carol: User) -> None:
    token, other = token_of(bob), token_of(carol)

    async def knock() -> tuple[int, list[int], bool]:
        open_ones, codes = [], []
        for _ in range(500):
            device = await opened(token)
            if len(open_ones) < 10:
                open_ones.append(device)
            else:
                codes.append(await device.close_code())
                await device.disconnect()
        somebody_else = await opened(other)
        fine = await somebody_else.is_silent()
        await somebody_else.disconnect()
        await open_ones.pop().disconnect()
        open_ones.append(await opened(token))
        silent = [await device.is_silent(0.05) for device in open_ones]
        for device in open_ones:
            await device.disconnect()
        return sum(silent), codes, fine

    alive, codes, fine = run(knock())
    assert (alive, codes, fine) == (10, [4429] * 490, True)


@pytest.mark.long
@pytest.mark.quality("W07")
def test_a_reader_who_stalls_holds_up_nobody_and_is_closed(bob: User, carol: User, live_site: str) -> None:
    base = live_site.replace("http", "ws") + "/ws/notifications?token="
    stalled_token, token = token_of(bob), token_of(carol)

    def talk() -> None:
        for _ in range(20):
            push([bob.pk, carol.pk], Event.COURSE_UPDATED, {"text": "x" * 100_000})

    async def watch() -> tuple[list[int], int]:
        stalled = await stalling_socket(f"{base}{stalled_token}")
        async with websockets.connect(f"{base}{token}") as device:
            numbers = []
            for _ in range(5):
                await sync_to_async(talk)()
                numbers += [json.loads(await asyncio.wait_for(device.recv(), 5))["id"] for _ in range(20)]
        await asyncio.sleep(4)
        return numbers, await read_to_the_end(stalled)

    with patch("realtime.consumers.SEND_SECONDS", 2):
        numbers, bytes_kept = run(watch())
    assert numbers == list(range(1, 101))
    assert bytes_kept < 100 * 100_000, "everything was kept for a reader who does not read"


async def stalling_socket(address: str) -> plain.socket:
    """Open a WebSocket by hand, with a small buffer; nothing is read of it after the handshake."""
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
    """Return how many bytes there were until the server closed; raise TimeoutError when it does not."""
    loop, total = asyncio.get_running_loop(), 0
    with connection, suppress(ConnectionResetError):
        async with asyncio.timeout(30):
            while part := await loop.sock_recv(connection, 65_536):
                total += len(part)
    return total
