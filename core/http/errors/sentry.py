"""Error tracking with Sentry; imported only if SENTRY_DSN is set.

Events contain no user, no request data and no local variables. Secrets in texts are replaced as in the log.
"""

from typing import Any

import sentry_sdk

from core.http import request_id
from core.http.logs import without_secrets


def start(dsn: str, environment: str) -> None:
    """Start to send exceptions to Sentry."""
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        before_send=prepared,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
    )


def prepared(event: Any, hint: Any) -> Any:
    """Return an event with the request's id, and without query, cookies, headers and secrets."""
    request = event.get("request", {})
    for part in ("query_string", "cookies", "headers", "env", "data"):
        request.pop(part, None)
    event.setdefault("tags", {})["request_id"] = request_id.current.get()
    event.pop("user", None)
    return _clean(event)


def _clean(value: Any) -> Any:
    """Return a value with secrets replaced in every text in it."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: _clean(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value
