"""A process as it was read, and which processes are read again when many may have changed.

A server with ten thousand connections runs at every moment, and to read all its descriptors every
second, for the sake of a listener or two, would take a twentieth of a core. When only the holders
of some sockets are asked for, it is enough to see that who held them still does: one link for
each. What else there may be behind hundreds of descriptors, one more holder of a socket at most,
is left to the next look that asks for everything.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from porttui.host.linux.fd_links import open_descriptors, socket_link
from porttui.host.linux.processes import ProcessText, read_text
from porttui.host.linux.schedstat import Threads, schedstats_of
from porttui.model.process import Process

RESCAN_BUDGET = 512
"""Descriptors: so many are read whatever is asked for, in 2 ms; of more
those of the processes that have fewest."""


class ProcessScan(NamedTuple):
    """A process as it was read."""

    schedstat: bytes
    """What its threads' counts were."""
    sockets: Mapping[int, str]
    """By inode one of the descriptors that it had for it."""
    text: ProcessText | None
    """None of one without sockets."""
    process: Process | None
    """What that means."""
    threads: Threads | None
    """None where too many files would have to be held open: then they are looked up by name."""

    def may_differ(self, proc: str, pid: int) -> bool:
        """Whether it may differ from what was read."""
        if not self.schedstat:
            return True
        now = self.threads.schedstat() if self.threads else schedstats_of(f"{proc}/{pid}")
        return now != self.schedstat

    @property
    def only_count(self) -> int | None:
        """The descriptor of its thread's count, if it is held, and it has but one thread."""
        if not self.schedstat or self.threads is None or len(self.threads.counts) != 1:
            return None
        return self.threads.counts[0]

    def still_holds(self, proc: str, pid: int, held: Iterable[int]) -> bool:
        """Whether it has these sockets, which it had, and is the program that it was."""
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
"""A process that nothing is known of yet."""


def within_rescan_budget(
    proc: str, pids: Set[int], known: Mapping[int, ProcessScan], held: Mapping[int, Sequence[int]]
) -> Set[int]:
    """Of the processes that may have changed those that must be read for what is asked.

    Args:
        proc: Where processes are told of.
        pids: Those that may have changed.
        known: What was read of them, nothing of those that have just begun.
        held: The sockets whose holders are asked for, by inode, of each process that had some.
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
