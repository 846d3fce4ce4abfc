"""Free ports for what is started on this machine: the Stripe sandbox of a development start, and all that tests run."""

import socket
from contextlib import suppress

HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """Return `wanted` if nobody has it, else a port of this machine that nobody has."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise OSError("This machine has no free port.")
