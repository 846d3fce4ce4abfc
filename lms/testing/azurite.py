"""A real Azurite, Azure's own emulator of Blob Storage, for the tests: installed from npm once, started in memory.

It is the one part of the tests that no Python package brings. Where npm is missing, what needs it fails and says so.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from azure.storage.blob import BlobServiceClient

from lms.lib.ports import free_port
from lms.testing.npm import installed

VERSION = "3.35.0"
# Azurite's own account, which its documentation prints; it opens nothing else.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "campus"


@contextmanager
def azurite() -> Iterator[str]:
    """Start an Azurite on a free port; yield the connection string of an account with an empty container."""
    port = free_port()
    options = ["--skipApiVersionCheck", "--inMemoryPersistence", "--silent", "--disableTelemetry"]
    address = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    server = subprocess.Popen(
        [str(installed("azurite", VERSION, "azurite-blob")), *options, *address], stdout=subprocess.DEVNULL
    )
    try:
        yield _with_container(connection_string(port), port)
    finally:
        server.terminate()
        server.wait(timeout=20)


def connection_string(port: int) -> str:
    """Return the connection string of an Azurite on this port."""
    endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"


def _with_container(connection: str, port: int) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    BlobServiceClient.from_connection_string(connection).create_container(CONTAINER)
    return connection
