"""Sends what breaks to Sentry, where SENTRY_DSN is set; without it, nothing of this is even imported.

Never who it happened to, what they sent, or what a frame held; what looks like a secret is blotted out as in
the log.
"""

from typing import Any

import sentry_sdk

from lms.lib import request_id
from lms.lib.logs import without_secrets


def start(dsn: str, environment: str) -> None:
    """Begin to send what breaks."""
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        before_send=prepared,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
    )


def prepared(event: Any, hint: Any) -> Any:
    """Return an event as it may leave the site: with the request's id, without query, cookies, headers and secrets."""
    request = event.get("request", {})
    for part in ("query_string", "cookies", "headers", "env", "data"):
        request.pop(part, None)
    event.setdefault("tags", {})["request_id"] = request_id.current.get()
    event.pop("user", None)
    return _clean(event)


def _clean(value: Any) -> Any:
    """Return a value with every text in it cleaned."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: _clean(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value
