"""Lists sockets through psutil: macOS, Windows, and Linux if /proc/net cannot be read."""

from __future__ import annotations

import socket

import psutil

from porttui.host.contract import SocketReading
from porttui.host.portable.processes import read_process
from porttui.host.request import HostError, SocketRequest
from porttui.model.address import PORTS, Endpoint, Protocol
from porttui.model.process import Process
from porttui.model.snapshot import Problem
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.socket_table import SocketTable
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from psutil._ntuples import pconn, sconn

_KERNEL_STATES = frozenset({TcpState.TIME_WAIT, TcpState.CLOSING, TcpState.SYN_RECV})
"""On every system no process holds a socket in these states."""


class _SocketKey(NamedTuple):
    protocol: Protocol
    state: TcpState | None
    local: Endpoint
    remote: Endpoint | None


class PsutilSource:
    """The portable source: slower than a native one, and on Linux with one holder of a socket."""

    name = "psutil"

    def read(
        self,
        request: SocketRequest = SocketRequest.ALL,  # noqa: ARG002  psutil lists all
        ports: range = PORTS,  # noqa: ARG002
    ) -> SocketReading:
        try:
            connections = [
                (_socket_key(connection), connection.pid)
                for connection in psutil.net_connections("inet")
            ]
            problems = _linux_problems()
        except psutil.AccessDenied:
            connections, problems = _own_connections()
        except (OSError, RuntimeError) as error:
            raise HostError(f"psutil cannot list the sockets: {error}") from error
        pids: dict[_SocketKey, set[int]] = {}
        for key, pid in connections:
            if key is not None:
                pids.setdefault(key, set()).update([pid] if pid else [])
        processes = {pid: read_process(pid) for pid in set().union(*pids.values())}
        return SocketReading(
            SocketTable.of(
                _socket(
                    key, [process for pid in sorted(holder_pids) if (process := processes[pid])]
                )
                for key, holder_pids in pids.items()
            ),
            problems,
        )


def _linux_problems() -> tuple[Problem, ...]:
    if not psutil.LINUX:
        return ()
    return (Problem("psutil", "names only one of the processes that share a socket"),)


def _own_connections() -> tuple[list[tuple[_SocketKey | None, int | None]], tuple[Problem, ...]]:
    """Without root macOS refuses the whole list: then read that of each process."""
    connections: list[tuple[_SocketKey | None, int | None]] = []
    for process in psutil.process_iter():
        try:
            connections += [
                (_socket_key(connection), process.pid)
                for connection in process.net_connections("inet")
            ]
        except (psutil.AccessDenied, psutil.NoSuchProcess, OSError):
            continue
    message = "without root only the sockets of your own processes are listed: run it with sudo"
    return connections, (Problem("psutil", message),)


def _socket_key(connection: sconn | pconn) -> _SocketKey | None:
    # An unbound address is an empty tuple, without a port.
    if len(connection.laddr) != 2:
        return None
    protocol = Protocol.UDP if connection.type == socket.SOCK_DGRAM else Protocol.TCP
    local = Endpoint.of(*connection.laddr)
    remote = Endpoint.of(*connection.raddr) if len(connection.raddr) == 2 else None
    return _SocketKey(protocol, _state(protocol, connection.status), local, remote)


def _state(protocol: Protocol, status: str) -> TcpState | None:
    if protocol is Protocol.UDP:
        return None
    # Only Solaris has others (IDLE, BOUND), of sockets not in use yet.
    return TcpState(status) if status in TcpState.__members__ else TcpState.CLOSE


def _socket(key: _SocketKey, holders: list[Process]) -> Socket:
    if holders:
        ownership = Ownership.KNOWN
    elif key.state in _KERNEL_STATES:
        ownership = Ownership.KERNEL
    else:
        ownership = Ownership.HIDDEN
    return Socket(*key, ownership=ownership, holders=tuple(holders))
