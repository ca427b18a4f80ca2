"""A process as it was last scanned, and which processes a read for a few sockets scans again.

A server with 10,000 connections runs all the time. Reading all its descriptors each second, for a
listener or two, takes 5 % of a core. A read for a few sockets checks that their holders still have
them: one link for each. One more holder of such a socket may wait for the next read of everything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set

from porttui.host.linux.fd_links import open_descriptors, socket_link
from porttui.host.linux.processes import ProcessText, read_text
from porttui.host.linux.schedstat import Threads, schedstats_of
from porttui.model.process import Process
from porttui.record import NamedTuple

RESCAN_BUDGET = 512
"""Descriptors. So many are read in any case, in 2 ms: those of the processes with fewest."""


class ProcessScan(NamedTuple):
    """A process as it was last scanned."""

    schedstat: bytes
    """Of its threads, then."""
    sockets: Mapping[int, str]
    """By inode one of its descriptors."""
    text: ProcessText | None
    """None of a process without sockets."""
    process: Process | None
    """What `text` means."""
    threads: Threads | None
    """None where too many files would be open: then they are read by name."""

    def may_differ(self, proc: str, pid: int) -> bool:
        """Whether it has run since, or that is unknown."""
        if not self.schedstat:
            return True
        now = self.threads.schedstat() if self.threads else schedstats_of(f"{proc}/{pid}")
        return now != self.schedstat

    @property
    def only_count(self) -> int | None:
        """The descriptor of its schedstat, if it is open and there is one thread."""
        if not self.schedstat or self.threads is None or len(self.threads.counts) != 1:
            return None
        return self.threads.counts[0]

    def still_holds(self, proc: str, pid: int, held: Iterable[int]) -> bool:
        """Whether it still has these sockets, and is the same program."""
        directory = f"{proc}/{pid}/fd"
        try:
            has_them = all(
                os.readlink(f"{directory}/{self.sockets[inode]}") == socket_link(inode)
                for inode in held
            )
        except OSError:
            return False
        return has_them and read_text(pid) == self.text


UNREAD = ProcessScan(b"", {}, None, None, None)
"""A new process."""


def within_rescan_budget(
    proc: str, pids: Set[int], known: Mapping[int, ProcessScan], held: Mapping[int, Sequence[int]]
) -> Set[int]:
    """Of processes that may have changed those that a read for some sockets must scan.

    Args:
        proc: The mount point of procfs.
        pids: The processes that may have changed.
        known: Their last scans, UNREAD for new ones.
        held: By pid the inodes of the sockets in question that it had.
    """
    counts = {pid: max(_readable(f"{proc}/{pid}/fd"), len(known[pid].sockets)) for pid in pids}
    found, left = set[int](), RESCAN_BUDGET
    for pid in sorted(pids, key=counts.__getitem__):
        left -= counts[pid]
        if left >= 0 or (pid in held and not known[pid].still_holds(proc, pid, held[pid])):
            found.add(pid)
    return found


def _readable(directory: str) -> int:
    """How many descriptors can be read there; 0 before Linux 6.2, where they are not counted."""
    return open_descriptors(directory) if os.access(directory, os.R_OK) else 0
