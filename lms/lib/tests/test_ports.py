"""Ports that nobody has."""

import socket

from lms.lib.ports import HOST, free_port


def test_a_port_that_is_taken_gives_another_one() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in (0, port)


def test_a_port_that_nobody_has_is_given() -> None:
    port = free_port()
    assert free_port(port) == port
