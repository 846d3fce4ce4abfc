"""A cache that may be down: the site then works without it, a little slower.

Nothing that must hold (lockouts, tokens, sessions, money) is kept in the cache, so that forgetting is always right.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


class LastingClient(RedisCacheClient):
    """Django's client, which makes redis-py's anew for every call; that costs more than the call itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._made: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        """Return the client of the pool that reads or writes. Clients hold no connection, only the pool does."""
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]  # Django's own, unknown to its stubs
        if id(pool) not in self._made:
            self._made[id(pool)] = self._client(connection_pool=pool)  # type: ignore[attr-defined]  # as above
        return self._made[id(pool)]


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, which knows nothing and keeps nothing while Redis does not answer."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = LastingClient

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value, or `default` when there is none or nobody to ask."""
        return self._or(default, lambda: super(ForgivingRedisCache, self).get(key, default, version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        """Return the values that are there."""
        found: dict[Any, Any] = self._or({}, lambda: super(ForgivingRedisCache, self).get_many(keys, version))
        return found

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        """Keep a value if possible."""
        self._or(None, lambda: super(ForgivingRedisCache, self).set(key, value, *args, **kwargs))

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        """Keep a value if there is none yet; return whether it was kept."""
        return bool(self._or(False, lambda: super(ForgivingRedisCache, self).add(key, value, *args, **kwargs)))

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Forget a value; return whether there was one."""
        return bool(self._or(False, lambda: super(ForgivingRedisCache, self).delete(key, version)))

    def clear(self) -> None:
        """Forget everything."""
        self._or(None, super().clear)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number; raise ValueError when there is none, or nobody to ask, as for a key that has expired."""
        try:
            return super().incr(key, delta, version)
        except (RedisError, OSError) as error:
            log.warning("cache is down: %s", error)
            raise ValueError(f"Key {key!r} not found") from error

    def _or(self, otherwise: Any, ask: Callable[[], Any]) -> Any:
        """Return what `ask` returns, or `otherwise` when Redis does not answer."""
        try:
            return ask()
        except (RedisError, OSError) as error:
            log.warning("cache is down: %s", error)
            return otherwise
