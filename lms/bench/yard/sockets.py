"""The yardstick of fan-out: a bare group of channels-redis, each socket a member of its own (Y4)."""

import os

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import re_path

from lms.lib.configuration import channel_layer

GROUP = "everybody"

if not settings.configured:
    settings.configure(CHANNEL_LAYERS={"default": channel_layer(os.environ.get("YARD_REDIS_URL", ""))})
    django.setup()


class Member(AsyncWebsocketConsumer):
    """Passes on what the group is told."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def told(self, event: dict[str, str]) -> None:
        await self.send(text_data=event["text"])


application = ProtocolTypeRouter({"websocket": URLRouter([re_path(r"^ws/", Member.as_asgi())])})
