"""Tests of free_port()."""

import socket

from tools.ports import HOST, free_port


def test_another_port_is_returned_if_the_wanted_one_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in (0, port)


def test_a_free_port_is_returned_as_wanted() -> None:
    port = free_port()
    assert free_port(port) == port
