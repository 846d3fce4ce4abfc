"""ASGI entry point: pages and API as Django serves them, WebSockets beside them."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler

from lms.lib.asgi_pages import Pages
from lms.lib.settling import settle_after_first_answer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

django.setup(set_prefix=False)
pages = Pages()
settle_after_first_answer()

from lms.lib.bodies import LargestBody  # noqa: E402  # as the next one
from realtime.routing import websocket_urlpatterns  # noqa: E402  # models can be imported only once Django is set up

application = ProtocolTypeRouter(
    {
        "http": LargestBody(ASGIStaticFilesHandler(pages) if settings.DEBUG else pages, settings.LARGEST_BODY),
        "websocket": CookieMiddleware(SessionMiddleware(URLRouter(websocket_urlpatterns))),
    }
)
