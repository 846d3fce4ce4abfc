"""Reading the environment for `lms.settings`: each function refuses what it does not know, and names the variable."""

import hashlib
import importlib.util
import secrets
from pathlib import Path
from typing import Any

import environ
from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

SHORTEST_SECRET = 32


class Choice:
    """Reads a variable that may hold one of a few words."""

    def __init__(self, env: environ.Env) -> None:
        self.env = env

    def __call__(self, name: str, default: str, allowed: list[str]) -> str:
        """Return the variable's value, or `default`; raise ImproperlyConfigured for a word that is not in `allowed`."""
        value = self.env.str(name, default=default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
        return value


def languages(env: environ.Env, name: str) -> list[tuple[str, str]]:
    """Return the languages in variable `name`, the site's own first, each with its name in itself; raise
    ImproperlyConfigured for one that Django does not know."""
    codes: list[str] = env.list(name, default=["en"])
    unknown = [code for code in codes if "name_local" not in LANG_INFO.get(code, {})]
    if unknown or not codes:
        raise ImproperlyConfigured(f"{name} names languages by their codes, as in en,de,pt-br; not {unknown or codes}.")
    return [(code, LANG_INFO[code]["name_local"].capitalize()) for code in codes]


def kept_secret(path: Path) -> str:
    """Return the secret kept in the file at `path`, making it (readable by its owner only) at the first call."""
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


def strong_secret(env: environ.Env, name: str) -> str:
    """Return the secret in variable `name`; raise ImproperlyConfigured when it is missing, short or the sample one."""
    value = env.str(name, default="")
    if len(value) < SHORTEST_SECRET or value.startswith("django-insecure"):
        raise ImproperlyConfigured(
            f"{name} is not set, or is shorter than {SHORTEST_SECRET} characters. Make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return value


def derived_key(secret: str, purpose: str) -> str:
    """Return 64 hexadecimal characters made from `secret` for one purpose, so that no two purposes share a key."""
    return hashlib.blake2b(purpose.encode(), key=secret.encode()[:64], digest_size=32).hexdigest()


def named_hosts(env: environ.Env, name: str) -> list[str]:
    """Return the host names in variable `name`; raise ImproperlyConfigured for none or for `*` (QUALITY X02)."""
    hosts: list[str] = env.list(name, default=[])
    if not hosts or "*" in hosts:
        raise ImproperlyConfigured(f"{name} must name this site's hosts, separated by commas, and not be '*'.")
    return hosts


def database(env: environ.Env, data_dir: Path) -> dict[str, Any]:
    """Return Django's settings for the database: `DATABASE_URL`, or a SQLite file that bears parallel writers."""
    url = env.str("DATABASE_URL", default="")
    if not url or url.startswith("sqlite"):
        name = url.removeprefix("sqlite:///") if url else str(data_dir / "db.sqlite3")
        return embedded_database(name, data_dir)
    settings: dict[str, Any] = env.db_url("DATABASE_URL")
    settings["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    settings["CONN_HEALTH_CHECKS"] = True
    options = settings.setdefault("OPTIONS", {})
    options.setdefault("options", "-c statement_timeout=15s -c lock_timeout=5s")
    # Of the statements that bind their values on the server, which are those of lms.lib.prepared; others never do.
    options.setdefault("prepare_threshold", 1)
    return settings


def embedded_database(name: str, data_dir: Path) -> dict[str, Any]:
    """Return Django's settings for a SQLite file at the path `name`, whose tests use one in `data_dir`."""
    return {
        # Django's own, with a line for those who write, and connections that stay open.
        "ENGINE": "lms.lib.sqlite",
        "NAME": name,
        # IMMEDIATE takes the write lock when a transaction begins; a lock taken halfway cannot wait, and fails with
        # "database is locked" (QUALITY, fact 3). WAL lets readers read meanwhile.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
        },
        # Threads do not share a database in memory; the tests that race need a file.
        "TEST": {"NAME": str(data_dir / "test.sqlite3")},
    }


def storage(env: environ.Env, provider: str) -> dict[str, Any]:
    """Return Django's settings for file storage: the local folder, or one Azure Blob container."""
    if provider == "local":
        return {"BACKEND": "files.storage.LocalFiles"}
    missing = [
        name
        for name in ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_CONTAINER_NAME")
        if not env.str(name, default="")
    ]
    if missing:
        raise ImproperlyConfigured(f"FILE_STORAGE_PROVIDER is azure, but {' and '.join(missing)} is not set.")
    return {
        "BACKEND": "files.storage.AzureFiles",
        "OPTIONS": {
            "connection_string": env.str("AZURE_STORAGE_CONNECTION_STRING"),
            "azure_container": env.str("AZURE_STORAGE_CONTAINER_NAME"),
            "expiration_secs": env.int("FILE_DOWNLOAD_URL_EXPIRE_SECONDS", default=900),
            "overwrite_files": False,
        },
    }


def websocket_origin(site_url: str) -> str:
    """Return the WebSocket origin of a site's address: Safari's `connect-src 'self'` does not cover it."""
    return site_url.replace("http", "ws", 1)


def font_directory(package: str) -> Path:
    """Return the folder of font files that an installed font package carries."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured(f"The package {package} is not installed: pip install -r requirements.txt")
    return Path(spec.origin).parent / "files"


# How uvicorn serves sockets: no frame larger than the consumer takes, and no compressor for each idle socket, which
# costs more memory than everything else about it. docker-compose.yml says the same on its command line.
SOCKET_OPTIONS: dict[str, Any] = {"ws_max_size": 65_536, "ws_per_message_deflate": False}


def channel_layer(redis_url: str) -> dict[str, Any]:
    """Return the channel layer on this Redis, or in this process where there is none.

    redis-py's defaults drop an idle socket after seconds, refuse a crowd that connects at once, and hold a request for
    seconds while Redis is away: one try, one second, and the layer's own loop tries again.
    """
    if not redis_url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
    host = {
        "address": f"{redis_url}/2",
        "socket_connect_timeout": 1,
        "socket_timeout": None,
        "max_connections": 10_000,
        "retry": Retry(NoBackoff(), 0),
    }
    return {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [host]}}
