"""Reads the socket tables of /proc/net (proc_pid_net(5); net/ipv4/tcp_ipv4.c, get_tcp4_sock).

They are used where netlink is refused. They list all states except bound-inactive, with each
socket's user, inode and remaining TIME_WAIT, and need no privilege.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache

from porttui.host.accounts import user_name
from porttui.host.linux.owners import Holders
from porttui.host.request import HostError, SocketRequest
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.snapshot import Problem
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.model.socket_table import NO_HOLDERS, STATES, SocketTable
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from porttui.host.linux.socket_dump import SocketDump

TABLES = (
    ("tcp", Protocol.TCP),
    ("tcp6", Protocol.TCP),
    ("udp", Protocol.UDP),
    ("udp6", Protocol.UDP),
)


class ProcNetReader:
    """Reads /proc/net: slower than netlink, and without bound-inactive sockets."""

    name = "/proc/net"

    def read(self, request: SocketRequest, ports: range) -> SocketDump:  # noqa: ARG002  the files are read whole
        return _ProcNetDump(tuple(read_tables()))


class _ProcNetDump(NamedTuple):
    sockets: Sequence[Socket]
    problems: tuple[Problem, ...] = ()

    def inodes(self) -> set[int]:
        return {socket.inode for socket in self.sockets} - {0}

    def build(self, holders: Holders | None) -> SocketTable:
        return SocketTable.of(_with_holders(socket, holders) for socket in self.sockets)


def _with_holders(socket: Socket, holders: Holders | None) -> Socket:
    if not socket.inode:
        return socket
    if holders is None:
        return socket._replace(ownership=Ownership.NOT_LOOKED_UP)
    processes = holders.sets[holders.set_by_inode.get(socket.inode, NO_HOLDERS)]
    ownership = Ownership.KNOWN if processes else Ownership.HIDDEN
    return socket._replace(ownership=ownership, holders=processes)


def read_tables(directory: str = "/proc/net") -> list[Socket]:
    """The sockets of tcp, tcp6, udp and udp6, without holders.

    A kernel without IPv6 has no tcp6 and udp6.
    The kernel gives a table in pages while sockets come and go, so a socket can appear twice.

    Raises:
        HostError: a table could not be read, or has lines of an unknown format.
    """
    sockets: list[Socket] = []
    for table, protocol in TABLES:
        path = f"{directory}/{table}"
        try:
            with open(path, "rb", buffering=0) as file:
                content = file.readall()
        except FileNotFoundError as error:
            if table.endswith("6"):
                continue
            raise HostError(f"{path} is missing: is /proc mounted?") from error
        except OSError as error:
            raise HostError(f"{path} cannot be read: {error.strerror}") from error
        try:
            sockets += _parse(content, protocol)
        except (ValueError, IndexError, KeyError) as error:
            raise HostError(f"{path} has an unknown format: {error}") from error
    return sockets


def _parse(content: bytes, protocol: Protocol) -> list[Socket]:
    is_tcp = protocol is Protocol.TCP
    sockets = []
    for line in content.splitlines()[1:]:
        fields = line.split()
        remote, uid, inode = fields[2], int(fields[7]), int(fields[9])
        state = STATES[int(fields[3], 16)] if is_tcp else None
        sockets.append(
            Socket(
                protocol=protocol,
                state=state,
                local=_endpoint(fields[1]),
                remote=None if remote.endswith(b":0000") else _endpoint(remote),
                # Without an inode the kernel prints user 0 for every socket.
                uid=uid if inode else None,
                user=user_name(uid) if inode else None,
                inode=inode,
                expires_ms=_expires_ms(fields[5]) if state is TcpState.TIME_WAIT else None,
            )
        )
    return sockets


def _expires_ms(text: bytes) -> int:
    """ "03:0000176F" -> 59990: the timer, and its hundredths of a second."""
    return int(text.partition(b":")[2], 16) * 10


def _endpoint(text: bytes) -> Endpoint:
    """ "0100007F:0BB8" -> 127.0.0.1:3000"""
    address, _, port = text.partition(b":")
    return Endpoint(_address(address), int(port, 16))


@lru_cache(maxsize=8192)
def _address(text: bytes) -> Address:
    """Each 32-bit word is in network order, but printed as a number of this machine."""
    words = bytes.fromhex(text.decode("ascii"))
    if sys.byteorder == "little":
        words = b"".join(words[offset : offset + 4][::-1] for offset in range(0, len(words), 4))
    return Address.of_packed(words)
