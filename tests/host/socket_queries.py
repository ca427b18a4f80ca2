"""Queries of the sockets of this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from porttui.host.linux.source import LinuxSource, linux_source
from porttui.model.address import Endpoint
from porttui.model.socket import Socket, TcpState
from tests.servers import until

reads_netlink = True
"""Whether `source` uses netlink or /proc/net; tests of both set it."""


def source() -> LinuxSource:
    """The source of Linux."""
    return linux_source(netlink=reads_netlink)


def rows_on(port: int) -> list[Socket]:
    """All sockets with this local port, as the source for Linux sees them.

    Beware: connections that earlier tests closed linger for a minute, on ports that may be
    given out again to another family or protocol meanwhile.
    """
    return [row for row in source().read().sockets if row.local.port == port]


def sockets_on(port: int) -> list[Socket]:
    """The open sockets among them."""
    return [row for row in rows_on(port) if row.inode]


def open_socket_on(port: int) -> Socket:
    """The only open socket with this local port."""
    [only] = sockets_on(port)
    return only


def sockets_between(address: str, port: int, other: int) -> list[Socket]:
    """The sockets that this end has with that other port, open or not: of one connection.

    The port alone does not tell it: connect(2) gives a port out again, for another
    destination, while connections of earlier tests linger on it.
    """
    near, far = Endpoint.of(address, port), Endpoint.of(address, other)
    return [row for row in rows_on(port) if (row.local, row.remote) == (near, far)]


def states_between(address: str, port: int, other: int) -> set[TcpState | None]:
    """The states of these sockets."""
    return {row.state for row in sockets_between(address, port, other)}


def is_accepted(port: int) -> bool:
    """Whether a connection to the server on this port has been accepted."""
    return any(row.state is TcpState.ESTABLISHED for row in sockets_on(port))


def pids_of(of_socket: Socket) -> tuple[int, ...]:
    """Pids of the holders."""
    return tuple(holder.pid for holder in of_socket.holders)


@contextmanager
def listener(address: str = "127.0.0.1", port: int = 0) -> Iterator[tuple[socket.socket, int]]:
    """A listener of this process, and its port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((address, port))
        made.listen()
        yield made, made.getsockname()[1]


def leave_time_wait(address: str = "127.0.0.1", first: str = "client") -> tuple[int, int]:
    """Open a connection and close it, the end `first` first: its port is left in TIME_WAIT.

    The result is the client's and the server's port.
    """
    with listener(address) as (server, port), socket.create_connection((address, port)) as client:
        own = client.getsockname()[1]
        accepted, _ = server.accept()
        with accepted:
            ends = [client, accepted] if first == "client" else [accepted, client]
            ends[0].shutdown(socket.SHUT_WR)
            ends[1].recv(1)
            ends[1].close()
    time_wait_port, other = (own, port) if first == "client" else (port, own)
    expected = {TcpState.TIME_WAIT}
    until(
        lambda: states_between(address, time_wait_port, other) == expected,
        f"TIME_WAIT of port {time_wait_port}",
    )
    return own, port
