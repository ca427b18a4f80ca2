"""The sockets of a mix and of its judge: what connects, and what binds."""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

OWN_ADDRESS = "10.77.0.1"
"""An address of this machine that is no loopback address."""

LINGER_RESET = struct.pack("ii", 1, 0)
"""struct linger: on, 0 s."""

_IP_BIND_ADDRESS_NO_PORT = 24


class Route(NamedTuple):
    """How a client connects."""

    to: tuple[str, int]
    source: str | None = None
    """Bound without a port (IP_BIND_ADDRESS_NO_PORT); the kernel's choice if not told."""

    @property
    def family(self) -> socket.AddressFamily:
        """Of the client."""
        return family_of(self.to[0])

    @property
    def server(self) -> tuple[str, int]:
        """Where the server listens."""
        address, port = self.to
        return address.removeprefix("::ffff:"), port


ROUTES = (
    Route(("127.0.0.1", 8001)),
    Route(("127.0.0.1", 8002)),
    Route(("127.0.0.2", 8001)),
    Route(("127.0.0.1", 8001), "127.0.0.3"),
    Route(("::ffff:127.0.0.1", 8001)),
    Route(("::1", 8001)),
    Route(("::1", 8002)),
    Route((OWN_ADDRESS, 8001)),
)


def family_of(address: str) -> socket.AddressFamily:
    """AF_INET6 for mapped addresses."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def bound_socket(
    kind: socket.SocketKind, address: str, port: int, *, reuse: bool = False
) -> socket.socket:
    """A bound socket."""
    one = socket.socket(family_of(address), kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    if one.family == socket.AF_INET6:
        is_v6only = address == "::v6only"
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, is_v6only)
    try:
        one.bind((address.removesuffix("v6only"), port))
    except OSError:
        one.close()
        raise
    return one


def connected_socket(route: Route) -> socket.socket:
    """A client whose port is of the kernel's choice."""
    client = socket.socket(route.family)
    try:
        if route.source is not None:
            client.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            client.bind((route.source, 0))
        client.connect(route.to)
    except OSError:
        client.close()
        raise
    return client


def udp_socket(to: str) -> socket.socket:
    """A UDP socket whose port is of the kernel's choice."""
    one = socket.socket(family_of(to), socket.SOCK_DGRAM)
    try:
        one.connect((to, 9))
    except OSError:
        one.close()
        raise
    return one
