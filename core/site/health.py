"""Readiness checks of the services that the site depends on (quality row M06)."""

import time
from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from celery import current_app
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("there are unapplied migrations")


def _cache() -> None:
    cache.set("health", "ok", 5)
    if cache.get("health") != "ok":
        raise ConnectionError("the cache did not return the value that was just set")


def _channel_layer() -> None:
    layer = get_channel_layer()
    async_to_sync(layer.group_send)("health", {"type": "health.ping"})


def _broker() -> None:
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)


def _storage() -> None:
    default_storage.exists("health")


PARTS: dict[str, Callable[[], None]] = {
    "database": _database,
    "migrations": _migrations,
    "cache": _cache,
    "channel_layer": _channel_layer,
    "broker": _broker,
    "storage": _storage,
}


def readiness() -> tuple[bool, dict[str, dict[str, Any]]]:
    """Return whether every part is available, and the state of each part with its response time in milliseconds.

    For a part that fails, only the class of the exception is returned: the message may contain an address or password.
    """
    states: dict[str, dict[str, Any]] = {}
    for name, probe in PARTS.items():
        started = time.perf_counter()
        try:
            probe()
            state = {"state": "ok"}
        except Exception as error:  # drivers raise many types; each of them means that the part is down
            state = {"state": "down", "error": type(error).__name__}
        states[name] = {**state, "ms": round((time.perf_counter() - started) * 1000)}
    return all(state["state"] == "ok" for state in states.values()), states
