"""ASGI entry point: pages and API as Django serves them, and WebSockets."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

django.setup(set_prefix=False)

from core.http.body_limit import BodyLimit, SizedBodyHandler  # noqa: E402  # once Django is set up
from realtime.routing import websocket_urlpatterns  # noqa: E402  # as above

pages = SizedBodyHandler()
application = ProtocolTypeRouter(
    {
        "http": BodyLimit(ASGIStaticFilesHandler(pages) if settings.DEBUG else pages, settings.LARGEST_BODY),
        "websocket": CookieMiddleware(SessionMiddleware(URLRouter(websocket_urlpatterns))),
    }
)
