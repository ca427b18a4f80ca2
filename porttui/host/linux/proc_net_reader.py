"""The socket tables from /proc/net, where netlink is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from porttui.host.accounts import user_name
from porttui.host.asking import Want
from porttui.host.linux.holder_groups import Holders
from porttui.host.linux.proc_net import SocketRow, read_tables
from porttui.model.snapshot import Problem
from porttui.model.socket import Ownership, Socket
from porttui.model.socket_table import SocketTable

if TYPE_CHECKING:
    from porttui.host.linux.tables import Tables


class ProcNetReader:
    """Reads /proc/net: slower, and blind to sockets that are bound and do not listen."""

    name = "/proc/net"

    def read(self, want: Want, ports: range) -> Tables:  # noqa: ARG002  the files are read whole
        """See `TableReader.read`."""
        return _ProcNetTables(tuple(read_tables()))


class _ProcNetTables(NamedTuple):
    rows: Sequence[SocketRow]
    problems: tuple[Problem, ...] = ()

    def inodes(self) -> set[int]:
        return {row.inode for row in self.rows} - {0}

    def build(self, holders: Holders | None) -> SocketTable:
        return SocketTable.of(_sockets(self.rows, holders))


def _sockets(rows: Sequence[SocketRow], holders: Holders | None) -> Iterator[Socket]:
    unseen = Ownership.HIDDEN if holders else Ownership.UNASKED
    for row in rows:
        held_by = holders.groups[holders.group_of.get(row.inode, 0)] if holders else ()
        unheld = unseen if row.inode else Ownership.KERNEL
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
            expires_ms=row.expires_ms,
        )
