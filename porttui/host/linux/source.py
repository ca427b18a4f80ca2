"""Sockets from /proc/net, their holders from /proc/PID/fd."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from porttui.host.accounts import effective_uid, user_name
from porttui.host.contract import SocketReading
from porttui.host.linux.holders import pids_by_inode
from porttui.host.linux.proc_net import SocketRow, read_tables
from porttui.host.linux.processes import read_process
from porttui.model.process import Process
from porttui.model.socket import Ownership, Socket


class ProcSource:
    """The source for Linux: needs no privilege to list, and names every holder it may see."""

    name = "/proc/net"

    def read(self) -> SocketReading:
        """See `SocketSource.read`."""
        rows = read_tables()
        holders = _holders({row.inode for row in rows if row.inode})
        rows = _without_vanished(rows, holders)
        return SocketReading(tuple(_socket(row, holders.get(row.inode, ())) for row in rows))


def _holders(inodes: set[int]) -> dict[int, tuple[Process, ...]]:
    pids = pids_by_inode(inodes)
    processes: dict[int, Process | None] = {}
    holders: dict[int, tuple[Process, ...]] = {}
    for inode, holding in pids.items():
        for pid in holding:
            if pid not in processes:
                processes[pid] = read_process(pid)
        holders[inode] = tuple(
            process for pid in holding if (process := processes[pid]) is not None
        )
    return holders


def _without_vanished(
    rows: list[SocketRow], holders: Mapping[int, tuple[Process, ...]]
) -> list[SocketRow]:
    """Drop the sockets that were closed between the two looks.

    A socket whose holder this user should see, and does not, was either closed before its
    descriptor was looked for, or is held out of sight. A second look at the tables tells:
    without it every short connection would flicker as hidden.
    """
    uid = effective_uid()
    doubtful = {
        row.inode
        for row in rows
        if row.inode and not holders.get(row.inode) and uid in (0, row.uid)
    }
    if not doubtful:
        return rows
    vanished = doubtful - {row.inode for row in read_tables()}
    return [row for row in rows if row.inode not in vanished]


def _socket(row: SocketRow, holders: Iterable[Process]) -> Socket:
    held_by = tuple(holders)
    unheld = Ownership.HIDDEN if row.inode else Ownership.KERNEL
    # Without an inode the kernel prints user 0 whoever made the socket: that is no fact.
    uid = row.uid if row.inode else None
    return Socket(
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
