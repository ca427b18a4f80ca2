"""Connects to a port and reads the first bytes, with limits on time and size.

It sends nothing, except one minimal HEAD request if HTTP is requested.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable

from porttui.host.request import HostError
from porttui.host.safe_text import safe_text
from porttui.host.socket_address import bind_to_device, socket_address
from porttui.model.address import Address, Endpoint, Family
from porttui.model.probe import ConnectProbe, ProbeOutcome

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 0.7
"""Wait for the server's first bytes, and again for its answer."""
MAX_BYTES = 2048
MAX_ADDRESSES = 8

_DISCARD_PORT = 9
"""The discard service (RFC 863); nothing is sent to it."""
_MAX_ATTEMPTS = 128

_OUTCOMES = {
    errno.ECONNREFUSED: ProbeOutcome.REFUSED,
    errno.ETIMEDOUT: ProbeOutcome.TIMED_OUT,
    errno.EHOSTUNREACH: ProbeOutcome.UNREACHABLE,
    errno.ENETUNREACH: ProbeOutcome.UNREACHABLE,
    errno.EADDRNOTAVAIL: ProbeOutcome.UNREACHABLE,
    errno.EAFNOSUPPORT: ProbeOutcome.UNREACHABLE,
    errno.EACCES: ProbeOutcome.NOT_PERMITTED,
    errno.EPERM: ProbeOutcome.NOT_PERMITTED,
    errno.ECONNRESET: ProbeOutcome.RESET,
}


def resolve(host: str, port: int) -> tuple[Endpoint, ...]:
    """The addresses that a client would try, in its order (getaddrinfo(3), RFC 6724).

    Raises:
        HostError: the name has no address.
    """
    try:
        return (Endpoint.of(host, port),)
    except ValueError:
        pass  # a name
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise HostError(f"{host} cannot be resolved ({reason})") from error
    endpoints = [Endpoint(_address_of(info[4]), port) for info in infos]
    return tuple(dict.fromkeys(endpoints))[:MAX_ADDRESSES]


def probe_endpoint(
    remote: Endpoint,
    *,
    try_http: bool = False,
    timeout_s: float = CONNECT_TIMEOUT_S,
    is_accepted: Callable[[Endpoint], bool] = lambda _: True,
) -> ConnectProbe:
    """Connect and read the first bytes.

    `is_accepted` tells of this end of a silent connection, while it is open, whether a process has
    accepted it.
    """
    family = socket.AF_INET if remote.address.family is Family.IPV4 else socket.AF_INET6
    start = time.monotonic()

    def elapsed_ms() -> float:
        return (time.monotonic() - start) * 1000

    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            bind_to_device(connection, remote.address)
            connection.connect(socket_address(remote))
            connected_ms = elapsed_ms()
            if connection.getsockname() == connection.getpeername():
                # A client can meet itself in the ephemeral range (RFC 9293, 3.5): nobody listens.
                return ConnectProbe(remote, ProbeOutcome.REFUSED, connected_ms)
            local = Endpoint(_address_of(connection.getsockname()), connection.getsockname()[1])
            connection.settimeout(READ_TIMEOUT_S)
            outcome, answer, was_asked = _read_reply(connection, remote, try_http=try_http)
            if outcome is ProbeOutcome.SILENT and not is_accepted(local):
                outcome = ProbeOutcome.NOT_ACCEPTED
            return ConnectProbe(
                remote,
                outcome,
                connected_ms,
                answer,
                ended_ms=elapsed_ms(),
                was_asked=was_asked,
                local=local,
            )
    except TimeoutError:
        return ConnectProbe(remote, ProbeOutcome.TIMED_OUT, elapsed_ms())
    except OSError as error:
        outcome = _OUTCOMES.get(error.errno or 0, ProbeOutcome.FAILED)
        # connect(2) gives the same error without a source address and without a free port.
        if error.errno == errno.EADDRNOTAVAIL and source_address(remote.address) is not None:
            outcome = ProbeOutcome.NO_PORT
        return ConnectProbe(remote, outcome, elapsed_ms(), detail=error.strerror or str(error))


def _read_reply(
    connection: socket.socket, remote: Endpoint, *, try_http: bool
) -> tuple[ProbeOutcome, bytes, bool]:
    """Read the server's first bytes; if it is silent, send HEAD on request and read again.

    The last part of the result: whether it was sent.
    """
    was_asked = False
    try:
        reply = _receive(connection)
        if reply is None and try_http:
            was_asked = True
            # A zone is of this machine alone (RFC 6874).
            bare = Endpoint(Address.of_packed(remote.address.packed), remote.port)
            connection.sendall(f"HEAD / HTTP/1.0\r\nHost: {bare}\r\n\r\n".encode("ascii"))
            reply = _receive(connection)
    except (ConnectionResetError, BrokenPipeError):
        return ProbeOutcome.RESET, b"", was_asked
    if reply is None:
        return ProbeOutcome.SILENT, b"", was_asked
    return ProbeOutcome.ANSWERS if reply else ProbeOutcome.CLOSED, reply, was_asked


def _receive(connection: socket.socket) -> bytes | None:
    """Some bytes; b"" if the other side has closed, None if it is silent."""
    try:
        return connection.recv(MAX_BYTES)
    except TimeoutError:
        return None


def source_address(remote: Address) -> Address | None:
    """The address that the kernel would choose for a connection to `remote`; None for no route.

    connect(2) of a UDP socket looks up the route, and sends no packet (udp(7)). To a wildcard the
    kernel connects as to loopback.

    Raises:
        HostError: a sandbox forbids sockets of that family.
    """
    try:
        family = socket.AF_INET if remote.family is Family.IPV4 else socket.AF_INET6
        return _local_address(family, remote)
    except OSError:
        return None


def _local_address(family: socket.AddressFamily, remote: Address) -> Address:
    destination = socket_address(Endpoint(remote, _DISCARD_PORT))
    try:
        probe = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        if family == socket.AF_INET6 and error.errno == errno.EAFNOSUPPORT:
            raise  # without IPv6 there is no route
        raise HostError(f"{family.name} sockets are not permitted: {error.strerror}") from error
    with probe:
        bind_to_device(probe, remote)
        try:
            probe.connect(destination)
        except BlockingIOError:
            # No ephemeral port is left (EAGAIN); a bound socket needs none.
            _bind_any_port(probe)
            probe.connect(destination)
        local = _address_of(probe.getsockname())
    return Address.of_packed(local.packed, local.zone or remote.zone)


def _address_of(address: tuple[object, ...]) -> Address:
    """The address of a socket's name or of getaddrinfo(3)."""
    bare = Address.parse(str(address[0]).partition("%")[0])
    zone = address[3] if len(address) == 4 else 0
    if not isinstance(zone, int) or not zone:
        return bare
    return Address.of_packed(bare.packed, safe_text(socket.if_indextoname(zone)))


def _bind_any_port(probe: socket.socket) -> None:
    """Bind a free port; concurrent processes begin at different ports.

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
