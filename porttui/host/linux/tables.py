"""The two ways to the kernel's socket tables, behind one face."""

from __future__ import annotations

import socket
import typing
from collections.abc import Collection, Iterator, Sequence

from porttui.host.accounts import user_name
from porttui.host.contract import Want
from porttui.host.linux.diag_records import records
from porttui.host.linux.holder_cache import Holders
from porttui.host.linux.proc_net import SocketRow, read_tables
from porttui.host.linux.sock_diag import ALL_STATES, LISTENING, SockDiag
from porttui.host.linux.table_building import Part, build
from porttui.model.address import Protocol
from porttui.model.snapshot import Problem
from porttui.model.socket import Ownership, Socket
from porttui.model.socket_table import SocketTable


class Tables(typing.Protocol):
    """What was read, before it is known who holds it."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What may be missing from it."""

    def inodes(self) -> set[int]:
        """Of all open sockets."""

    def without(self, inodes: Collection[int]) -> Tables:
        """Without the sockets that have these inodes."""

    def build(self, holders: Holders) -> SocketTable:
        """The table, with who holds what."""


class TableReader(typing.Protocol):
    """Reads the socket tables of this network namespace."""

    @property
    def name(self) -> str:
        """For the status line."""

    def read(self, want: Want) -> Tables:
        """At least the sockets that are wanted.

        Raises:
            HostError: they could not be read.
        """


class SockDiagReader:
    """Asks over netlink."""

    name = "sock_diag"

    def __init__(self) -> None:
        """Open the netlink socket.

        Raises:
            SockDiagError: it is refused.
        """
        self._diag = SockDiag()

    def read(self, want: Want) -> Tables:
        """See `TableReader.read`."""
        parts: list[Part] = []
        problems: list[Problem] = []
        for protocol in Protocol:
            # UDP knows no LISTEN: its unconnected sockets are in the state CLOSE.
            is_narrow = want is Want.LISTENING and protocol is Protocol.TCP
            for family in (socket.AF_INET, socket.AF_INET6):
                answer = self._diag.ask(family, protocol, LISTENING if is_narrow else ALL_STATES)
                parts.append(Part(protocol, family, records(answer)))
                if answer.is_torn:
                    problems.append(_torn(protocol, family))
        return _DiagTables(tuple(parts), tuple(problems))


class _DiagTables(typing.NamedTuple):
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]

    def inodes(self) -> set[int]:
        return {inode for part in self.parts for inode in part.records.inodes} - {0}

    def without(self, inodes: Collection[int]) -> Tables:
        return self._replace(
            parts=tuple(part._replace(records=part.records.without(inodes)) for part in self.parts)
        )

    def build(self, holders: Holders) -> SocketTable:
        return build(self.parts, holders)


class ProcNetReader:
    """Reads /proc/net: slower, and blind to sockets that are bound and do not listen."""

    name = "/proc/net"

    def read(self, want: Want) -> Tables:  # noqa: ARG002  the files are read whole
        """See `TableReader.read`."""
        return _ProcNetTables(tuple(read_tables()))


class _ProcNetTables(typing.NamedTuple):
    rows: Sequence[SocketRow]
    problems: tuple[Problem, ...] = ()

    def inodes(self) -> set[int]:
        return {row.inode for row in self.rows} - {0}

    def without(self, inodes: Collection[int]) -> Tables:
        return self._replace(rows=[row for row in self.rows if row.inode not in inodes])

    def build(self, holders: Holders) -> SocketTable:
        return SocketTable.of(_sockets(self.rows, holders))


def _sockets(rows: Sequence[SocketRow], holders: Holders) -> Iterator[Socket]:
    for row in rows:
        held_by = holders.groups[holders.group_of.get(row.inode, 0)]
        unheld = Ownership.HIDDEN if row.inode else Ownership.KERNEL
        # Without an inode the kernel prints user 0 whoever made the socket: that is no fact.
        uid = row.uid if row.inode else None
        yield Socket(
            protocol=row.protocol,
            state=row.state,
            local=row.local,
            remote=row.remote,
            ownership=Ownership.KNOWN if held_by else unheld,
            holders=held_by,
            uid=uid,
            user=None if uid is None else user_name(uid),
            inode=row.inode,
        )


def _torn(protocol: Protocol, family: socket.AddressFamily) -> Problem:
    version = 4 if family == socket.AF_INET else 6
    return Problem(
        f"sock_diag, {protocol} over IPv{version}",
        "the table changed while it was read: rows may be missing",
    )
