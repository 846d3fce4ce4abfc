"""Free ports for servers of development and tests."""

import socket
from contextlib import suppress

HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """Return the port `wanted` if it is free, otherwise any free port; raise OSError if there is none."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise OSError("No free port is available.")
