"""Settings from environment variables. Each function rejects invalid values with an error that names the variable."""

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

MIN_SECRET_LENGTH = 32


class Choice:
    """Reader of environment variables with a fixed set of values."""

    def __init__(self, env: environ.Env) -> None:
        self.env = env

    def __call__(self, name: str, default: str, allowed: list[str]) -> str:
        """Return the value of a variable, or `default`; raise ImproperlyConfigured if it is not in `allowed`."""
        value = self.env.str(name, default=default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
        return value


def languages(env: environ.Env, name: str) -> list[tuple[str, str]]:
    """Return pairs of code and native name of the languages in variable `name`; the first is the site's default.

    Raise ImproperlyConfigured for a language that Django does not know.
    """
    codes: list[str] = env.list(name, default=["en"])
    unknown = [code for code in codes if "name_local" not in LANG_INFO.get(code, {})]
    if unknown or not codes:
        raise ImproperlyConfigured(f"{name} names languages by their codes, as in en,de,pt-br; not {unknown or codes}.")
    return [(code, LANG_INFO[code]["name_local"].capitalize()) for code in codes]


def stored_secret(path: Path) -> str:
    """Return the secret stored at `path`; create the file, readable by its owner only, if it does not exist."""
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


def strong_secret(env: environ.Env, name: str) -> str:
    """Return the secret in variable `name`; raise ImproperlyConfigured if it is missing, too short or a sample."""
    value = env.str(name, default="")
    if len(value) < MIN_SECRET_LENGTH or value.startswith("django-insecure"):
        raise ImproperlyConfigured(
            f"{name} is not set, or is shorter than {MIN_SECRET_LENGTH} characters. Create one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return value


def derive_key(secret: str, purpose: str) -> str:
    """Return a key derived from `secret` for one purpose, as 64 hexadecimal characters."""
    return hashlib.blake2b(purpose.encode(), key=secret.encode()[:64], digest_size=32).hexdigest()


def allowed_hosts(env: environ.Env, name: str) -> list[str]:
    """Return the host names in variable `name`; raise ImproperlyConfigured if empty or `*` (quality row X02)."""
    hosts: list[str] = env.list(name, default=[])
    if not hosts or "*" in hosts:
        raise ImproperlyConfigured(f"{name} must name this site's hosts, separated by commas, and not be '*'.")
    return hosts


def database(env: environ.Env, data_dir: Path) -> dict[str, Any]:
    """Return the settings of the database: `DATABASE_URL`, or a SQLite file configured for concurrent writers."""
    url = env.str("DATABASE_URL", default="")
    if not url or url.startswith("sqlite"):
        name = url.removeprefix("sqlite:///") if url else str(data_dir / "db.sqlite3")
        return embedded_database(name, data_dir)
    settings: dict[str, Any] = env.db_url("DATABASE_URL")
    settings["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    settings["CONN_HEALTH_CHECKS"] = True
    options = settings.setdefault("OPTIONS", {})
    options.setdefault("options", "-c statement_timeout=15s -c lock_timeout=5s")
    # Applies only to statements with server-side parameters, which are those of core.db.prepared.
    options.setdefault("prepare_threshold", 1)
    return settings


def embedded_database(name: str, data_dir: Path) -> dict[str, Any]:
    """Return the settings of a SQLite database at the path `name`. Its test database is a file in `data_dir`."""
    return {
        # Django's backend with a queue of writers and persistent connections.
        "ENGINE": "core.db.sqlite",
        "NAME": name,
        # IMMEDIATE takes the write lock when a transaction begins. A lock taken later does not wait, but fails with
        # "database is locked" (docs/architecture.md, "Facts", 3). WAL allows reads during a write.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
        },
        # Threads cannot share an in-memory database, and race tests use several threads.
        "TEST": {"NAME": str(data_dir / "test.sqlite3")},
    }


def storage(env: environ.Env, provider: str) -> dict[str, Any]:
    """Return the settings of the file storage: the local folder, or an Azure Blob container."""
    if provider == "local":
        modes = {"directory_permissions_mode": 0o700, "file_permissions_mode": 0o600}
        return {"BACKEND": "files.storage.LocalFiles", "OPTIONS": modes}
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


def checkpoint_storage(env: environ.Env) -> dict[str, Any]:
    """Return the settings of the storage in `AUDIT_CHECKPOINT_STORE`: a folder, or `azure:` and a container.

    Empty without the variable. Raise ImproperlyConfigured for a relative path, or if the connection is not set.
    """
    place = env.str("AUDIT_CHECKPOINT_STORE", default="")
    if not place:
        return {}
    if place.startswith("azure:"):
        connection = env.str("AZURE_STORAGE_CONNECTION_STRING", default="")
        if not connection:
            raise ImproperlyConfigured(
                "AUDIT_CHECKPOINT_STORE needs AZURE_STORAGE_CONNECTION_STRING, which is not set."
            )
        container = place.removeprefix("azure:")
        options = {"connection_string": connection, "azure_container": container, "overwrite_files": False}
        return {"BACKEND": "storages.backends.azure_storage.AzureStorage", "OPTIONS": options}
    if not Path(place).is_absolute():
        raise ImproperlyConfigured("AUDIT_CHECKPOINT_STORE must be an absolute path, or azure: and a container.")
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": place}}


def websocket_origin(site_url: str) -> str:
    """Return the WebSocket origin of a site's URL. In Safari `connect-src 'self'` does not include it."""
    return site_url.replace("http", "ws", 1)


def font_directory(package: str) -> Path:
    """Return the folder of the font files in an installed font package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured(f"The package {package} is not installed: pip install -r requirements.txt")
    return Path(spec.origin).parent / "files"


# Socket options of uvicorn. Frames are limited to what the consumer accepts. Compression is off, because a compressor
# needs more memory than the rest of an idle socket. docker-compose.yml has the same values on its command line.
SOCKET_OPTIONS: dict[str, Any] = {"ws_max_size": 65_536, "ws_per_message_deflate": False}


def channel_layer(redis_url: str) -> dict[str, Any]:
    """Return the settings of the channel layer: on this Redis, or in memory if the URL is empty.

    The defaults of redis-py close idle sockets after seconds, reject many simultaneous connections, and block a request
    for seconds while Redis is down. Here, a connection is tried once for a second, and the channel layer retries.
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
