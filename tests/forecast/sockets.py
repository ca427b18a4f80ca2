"""The sockets of a mix and of its judge: what connects, and what binds."""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

OWN_ADDRESS = "10.77.0.1"
"""An address of this machine that is no loopback address."""

LINK_LOCAL = "fe80::1"
"""An address of both v0 and v1."""

LINGER_RESET = struct.pack("ii", 1, 0)
"""struct linger: on, 0 s."""

_IP_BIND_ADDRESS_NO_PORT = 24
_SO_BINDTODEVICE = 25


class Route(NamedTuple):
    """How a client connects."""

    to: tuple[str, int]
    source: str | None = None
    """Bound without a port (IP_BIND_ADDRESS_NO_PORT); the kernel's choice if not told."""
    device: str = ""
    """What the client is bound to: the zone of a link-local address, or SO_BINDTODEVICE."""

    @property
    def family(self) -> socket.AddressFamily:
        """Of the client."""
        return family_of(self.to[0])

    @property
    def server(self) -> tuple[str, int]:
        """Where the server listens."""
        address, port = self.to
        zone = f"%{self.device}" if address == LINK_LOCAL else ""
        return address.removeprefix("::ffff:") + zone, port


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

DEVICE_ROUTES = (
    Route(("127.0.0.1", 8001), device="lo"),
    Route(("127.0.0.1", 8002), device="lo"),
    Route(("::1", 8001), device="lo"),
    Route((LINK_LOCAL, 8001), device="v0"),
    Route((LINK_LOCAL, 8001), device="v1"),
)
"""Of clients that are bound to a device."""


def family_of(address: str) -> socket.AddressFamily:
    """AF_INET6 for mapped addresses."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def bound_socket(
    kind: socket.SocketKind, address: str, port: int, *, reuse: bool = False
) -> socket.socket:
    """A bound socket; the address may have a device behind a %."""
    address, _, device = address.partition("%")
    one = socket.socket(family_of(address), kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    if device and address != LINK_LOCAL:
        bind_to_device(one, device)
    if one.family == socket.AF_INET6:
        is_v6only = address == "::v6only"
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, is_v6only)
    try:
        one.bind(_name(address.removesuffix("v6only"), port, device))
    except OSError:
        one.close()
        raise
    return one


def bind_to_device(unbound: socket.socket, device: str) -> None:
    """socket(7)."""
    unbound.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, device.encode() + b"\0")


def _name(address: str, port: int, device: str) -> tuple[str, int] | tuple[str, int, int, int]:
    if address != LINK_LOCAL:
        return (address, port)
    return (address, port, 0, socket.if_nametoindex(device))


def connected_socket(route: Route) -> socket.socket:
    """A client whose port is of the kernel's choice."""
    client = socket.socket(route.family)
    try:
        if route.source is not None:
            client.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            client.bind((route.source, 0))
        if route.device and route.to[0] != LINK_LOCAL:
            bind_to_device(client, route.device)
        client.connect(_name(*route.to, route.device))
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
