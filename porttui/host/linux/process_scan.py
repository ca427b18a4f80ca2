"""A process as it was last scanned, and which processes a read for a few sockets scans again.

A server with 10,000 connections runs all the time. Reading all its descriptors each second, for a
listener or two, takes 5 % of a core. A read for a few sockets checks that their holders still have
them: one link for each. One more holder of such a socket may wait for the next read of everything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set

from porttui.host.linux.fd_links import count_descriptors, socket_link
from porttui.host.linux.processes import RawProcess, read_raw_process
from porttui.host.linux.schedstat import ThreadSchedstats, read_schedstats
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
    raw: RawProcess | None
    """None of a process without sockets."""
    process: Process | None
    """What `raw` means."""
    threads: ThreadSchedstats | None
    """None where too many files would be open: then they are read by name."""

    def may_have_changed(self, proc: str, pid: int) -> bool:
        """Whether it has run since, or that is unknown."""
        if not self.schedstat:
            return True
        now = self.threads.schedstat() if self.threads else read_schedstats(f"{proc}/{pid}")
        return now != self.schedstat

    @property
    def single_schedstat_fd(self) -> int | None:
        """The descriptor of its schedstat, if it is open and there is one thread."""
        if not self.schedstat or self.threads is None or len(self.threads.descriptors) != 1:
            return None
        return self.threads.descriptors[0]

    def still_holds(self, proc: str, pid: int, inodes: Iterable[int]) -> bool:
        """Whether it still has these sockets, and is the same program."""
        directory = f"{proc}/{pid}/fd"
        try:
            has_them = all(
                os.readlink(f"{directory}/{self.sockets[inode]}") == socket_link(inode)
                for inode in inodes
            )
        except OSError:
            return False
        return has_them and read_raw_process(pid) == self.raw


NOT_SCANNED = ProcessScan(b"", {}, None, None, None)
"""A new process."""


def pids_to_rescan(
    proc: str,
    pids: Set[int],
    scans: Mapping[int, ProcessScan],
    inodes_by_pid: Mapping[int, Sequence[int]],
) -> Set[int]:
    """Of processes that may have changed those that a read for some sockets must scan.

    Args:
        proc: The mount point of procfs.
        pids: The processes that may have changed.
        known: Their last scans, NOT_SCANNED for new ones.
        held: By pid the inodes of the sockets in question that it had.
    """
    counts = {
        pid: max(_count_readable(f"{proc}/{pid}/fd"), len(scans[pid].sockets)) for pid in pids
    }
    selected, budget = set[int](), RESCAN_BUDGET
    for pid in sorted(pids, key=counts.__getitem__):
        budget -= counts[pid]
        if budget >= 0 or (
            pid in inodes_by_pid and not scans[pid].still_holds(proc, pid, inodes_by_pid[pid])
        ):
            selected.add(pid)
    return selected


def _count_readable(directory: str) -> int:
    """How many descriptors can be read there; 0 before Linux 6.2, where they are not counted."""
    return count_descriptors(directory) if os.access(directory, os.R_OK) else 0
