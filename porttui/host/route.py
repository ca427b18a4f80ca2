"""Which address of this machine speaks to another."""

from __future__ import annotations

import socket

from porttui.host.foreign_text import safe
from porttui.model.address import Address, Family

_ANY_PORT = 9
"""Nothing is sent to it: it is the port of the discard service (RFC 863)."""


def source_address(remote: Address) -> Address | None:
    """The address that the kernel would choose for a connection to `remote`; None for no route.

    connect(2) of a UDP socket looks up the route, and sends no packet (udp(7)). To a wildcard the
    kernel connects as to loopback.
    """
    try:
        if remote.family is Family.IPV4:
            return _source(socket.AF_INET, (remote.text, _ANY_PORT))
        # By its number, since a name in the text would be looked up by getaddrinfo(3).
        scope = socket.if_nametoindex(remote.scope) if remote.scope else 0
        bare = remote.text.partition("%")[0]
        return _source(socket.AF_INET6, (bare, _ANY_PORT, 0, scope))
    except OSError:
        return None


def _source(
    family: socket.AddressFamily, to: tuple[str, int] | tuple[str, int, int, int]
) -> Address:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(to)
        text, *rest = probe.getsockname()
    scope = rest[2] if len(rest) == 3 else 0
    packed = socket.inet_pton(family, text.partition("%")[0])
    return Address.of_packed(packed, safe(socket.if_indextoname(scope)) if scope else "")
