"""The yardstick of fan-out: a plain group of channels-redis in which each socket is a member (Y4)."""

import os
from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import re_path

GROUP = "all"


def layer(redis_url: str) -> dict[str, Any]:
    """Return the faster layer of channels-redis, with the two options that many sockets require."""
    host = {"address": f"{redis_url}/2", "socket_timeout": None, "max_connections": 10_000}
    return {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [host]}}


if not settings.configured:
    settings.configure(CHANNEL_LAYERS={"default": layer(os.environ.get("YARD_REDIS_URL", ""))})
    django.setup()


class Member(AsyncWebsocketConsumer):
    """Forwards the messages of the group."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def forward(self, event: dict[str, str]) -> None:
        await self.send(text_data=event["text"])


application = ProtocolTypeRouter({"websocket": URLRouter([re_path(r"^ws/", Member.as_asgi())])})
