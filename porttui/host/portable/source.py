"""Sockets through psutil: macOS, Windows, and Linux where /proc/net cannot be read."""

from __future__ import annotations

import socket

import psutil

from porttui.host.asking import HostError, Want
from porttui.host.contract import SocketReading
from porttui.host.portable.processes import read_process
from porttui.model.address import PORTS, Endpoint, Protocol
from porttui.model.process import Process
from porttui.model.snapshot import Problem
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.socket_table import SocketTable
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from psutil._ntuples import pconn, sconn

_WITHOUT_PROCESS = frozenset({TcpState.TIME_WAIT, TcpState.CLOSING, TcpState.SYN_RECV})
"""States in which no process holds the socket, on every system."""


class _Key(NamedTuple):
    protocol: Protocol
    state: TcpState | None
    local: Endpoint
    remote: Endpoint | None


class PsutilSource:
    """The portable source. Slower than a native one, and on Linux blind to second holders."""

    name = "psutil"

    def begin(self) -> None:
        """See `SocketSource.begin`: there is nothing to be done beside something else."""

    def read(
        self,
        want: Want = Want.ALL,  # noqa: ARG002  psutil lists all
        ports: range = PORTS,  # noqa: ARG002
    ) -> SocketReading:
        """See `SocketSource.read`."""
        try:
            found = [(_key(each), each.pid) for each in psutil.net_connections("inet")]
            problems = _known_limits()
        except psutil.AccessDenied:
            found, problems = _own_connections()
        except (OSError, RuntimeError) as error:
            raise HostError(f"psutil cannot list the sockets: {error}") from error
        pids: dict[_Key, set[int]] = {}
        for key, pid in found:
            if key is not None:
                pids.setdefault(key, set()).update([pid] if pid else [])
        processes = {pid: read_process(pid) for pid in set().union(*pids.values())}
        return SocketReading(
            SocketTable.of(
                _socket(key, [known for pid in sorted(held) if (known := processes[pid])])
                for key, held in pids.items()
            ),
            problems,
        )


def _known_limits() -> tuple[Problem, ...]:
    if not psutil.LINUX:
        return ()
    return (Problem("psutil", "names only one of the processes that share a socket"),)


def _own_connections() -> tuple[list[tuple[_Key | None, int | None]], tuple[Problem, ...]]:
    """macOS refuses the whole list without root: then each process is asked for its own."""
    found: list[tuple[_Key | None, int | None]] = []
    for process in psutil.process_iter():
        try:
            found += [(_key(each), process.pid) for each in process.net_connections("inet")]
        except (psutil.AccessDenied, psutil.NoSuchProcess, OSError):
            continue
    message = "without root only the sockets of your own processes are listed: run it with sudo"
    return found, (Problem("psutil", message),)


def _key(listed: sconn | pconn) -> _Key | None:
    # Bound to nothing, an address is an empty tuple: then there is no port to speak of.
    if len(listed.laddr) != 2:
        return None
    protocol = Protocol.UDP if listed.type == socket.SOCK_DGRAM else Protocol.TCP
    local = Endpoint.of(*listed.laddr)
    remote = Endpoint.of(*listed.raddr) if len(listed.raddr) == 2 else None
    return _Key(protocol, _state(protocol, listed.status), local, remote)


def _state(protocol: Protocol, status: str) -> TcpState | None:
    if protocol is Protocol.UDP:
        return None
    # Only Solaris has others (IDLE, BOUND): sockets that are not in use yet.
    return TcpState(status) if status in TcpState.__members__ else TcpState.CLOSE


def _socket(key: _Key, holders: list[Process]) -> Socket:
    if holders:
        ownership = Ownership.KNOWN
    elif key.state in _WITHOUT_PROCESS:
        ownership = Ownership.KERNEL
    else:
        ownership = Ownership.HIDDEN
    return Socket(*key, ownership=ownership, holders=tuple(holders))
