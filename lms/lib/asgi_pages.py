"""Django under ASGI, for views and middleware that are all synchronous."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from lms.lib.bodies import SizedRequest

# What stays when a crowd is gone.
MOST_IDLE_THREADS = 16


class Pages(ASGIHandler):
    """Answers each request in one thread from beginning to end.

    Django's own starts a thread for a request and another to end it, and goes to and fro between it and the event loop
    for the sake of views that are asynchronous. We have none, and all of that was a quarter of what a small request
    costs: each step has to wait for the interpreter, which a class that works in the same process wants, too.
    """

    request_class = SizedRequest

    def __init__(self) -> None:
        """Load the middleware."""
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []

    def load_middleware(self, is_async: bool = False) -> None:
        """Load it as under WSGI."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request in a thread that is its own meanwhile, one that is there already if there is one."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="pages")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, receive, send)
        finally:
            if len(self._idle) < MOST_IDLE_THREADS:
                self._idle.append(thread)
            else:
                thread.shutdown(wait=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer that the synchronous way gives."""
        return await sync_to_async(self.get_response)(request)
