"""Which address of this machine speaks to another."""

from __future__ import annotations

import errno
import os
import socket

from porttui.host.request import HostError
from porttui.host.safe_text import safe_text
from porttui.model.address import Address, Family

_DISCARD_PORT = 9
"""Nothing is sent to it: it is the port of the discard service (RFC 863)."""
_MAX_ATTEMPTS = 128


def source_address(remote: Address) -> Address | None:
    """The address that the kernel would choose for a connection to `remote`; None for no route.

    connect(2) of a UDP socket looks up the route, and sends no packet (udp(7)). To a wildcard the
    kernel connects as to loopback.

    Raises:
        HostError: it cannot be asked: a sandbox forbids sockets of that kind.
    """
    try:
        if remote.family is Family.IPV4:
            return _local_address(socket.AF_INET, (remote.text, _DISCARD_PORT))
        # By its number, since a name in the text would be looked up by getaddrinfo(3).
        zone = socket.if_nametoindex(remote.zone) if remote.zone else 0
        bare = remote.text.partition("%")[0]
        return _local_address(socket.AF_INET6, (bare, _DISCARD_PORT, 0, zone))
    except OSError:
        return None


def _local_address(
    family: socket.AddressFamily, destination: tuple[str, int] | tuple[str, int, int, int]
) -> Address:
    try:
        probe = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        if family == socket.AF_INET6 and error.errno == errno.EAFNOSUPPORT:
            raise  # a kernel without IPv6 has no route to it
        raise HostError(f"{family.name} sockets are refused here: {error.strerror}") from error
    with probe:
        try:
            probe.connect(destination)
        except BlockingIOError:
            # No ephemeral port is left (EAGAIN): with a port of its own it needs none.
            _bind_any_port(probe)
            probe.connect(destination)
        text, *rest = probe.getsockname()
    zone = rest[2] if len(rest) == 3 else 0
    packed = socket.inet_pton(family, text.partition("%")[0])
    return Address.of_packed(packed, safe_text(socket.if_indextoname(zone)) if zone else "")


def _bind_any_port(probe: socket.socket) -> None:
    """Not twice at the same port for two processes at once.

    Raises:
        OSError: no port was free.
    """
    for attempt in range(_MAX_ATTEMPTS):
        try:
            probe.bind(("", 1024 + (os.getpid() + attempt * 997) % (65536 - 1024)))
        except OSError:
            continue
        return
    raise OSError(errno.EADDRINUSE, "no UDP port was free")
