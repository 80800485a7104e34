"""Read by wstest's Python at start-up: a socket bound to every address gets 127.0.0.1 instead."""

import socket

_bind = socket.socket.bind


def _bind_on_loopback(self, address):
    if isinstance(address, tuple) and address[0] in ("", "0.0.0.0"):
        address = ("127.0.0.1",) + address[1:]
    return _bind(self, address)


socket.socket.bind = _bind_on_loopback
