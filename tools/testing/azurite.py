"""Azurite, the emulator of Azure Blob Storage, for tests: installed from npm once, with its data in memory.

No Python package contains it. Tests that need it fail with a message where npm is missing.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from azure.storage.blob import BlobServiceClient

from tools.ports import free_port
from tools.testing.npm import install_program

VERSION = "3.35.0"
# The public account of Azurite's documentation; it gives access to emulators only.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "campus"


@contextmanager
def run_azurite() -> Iterator[str]:
    """Run Azurite on a free port; yield the connection string of an account with one empty container."""
    port = free_port()
    options = ["--skipApiVersionCheck", "--inMemoryPersistence", "--silent", "--disableTelemetry"]
    address = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    server = subprocess.Popen(
        [str(install_program("azurite", VERSION, "azurite-blob")), *options, *address], stdout=subprocess.DEVNULL
    )
    try:
        yield _with_container(connection_string(port), port)
    finally:
        server.terminate()
        server.wait(timeout=20)


def connection_string(port: int) -> str:
    """Return the connection string of the Azurite on `port`."""
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
