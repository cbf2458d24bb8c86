"""No test reaches beyond this machine. 192.0.2.1 is reserved for documentation (RFC 5737): nobody has it."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_addresses_beyond_this_machine_are_blocked():
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 443), timeout=1)


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
