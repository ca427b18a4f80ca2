"""Which processes are read now, where to read all that may have changed would take long.

A server with ten thousand connections runs at every moment, and to read all its descriptors every
second, for the sake of a listener or two, would take a twentieth of a core. When only the holders
of some sockets are asked for, it is enough to see that who held them still does: one link for
each. What else there may be behind hundreds of descriptors, one more holder of a socket at most,
is left to the next look that asks for everything.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set

from porttui.host.linux.holders import open_descriptors
from porttui.host.linux.known_process import Known

AT_ONCE = 512
"""Descriptors: so many are read whatever is asked for, in two thousandths of a second; of more
those of the processes that have fewest."""


def due(
    proc: str, pids: Set[int], known: Mapping[int, Known], held: Mapping[int, Sequence[int]]
) -> Set[int]:
    """Of the processes that may have changed those that must be read for what is asked.

    Args:
        proc: Where processes are told of.
        pids: Those that may have changed.
        known: What was read of them, nothing of those that have just begun.
        held: The sockets whose holders are asked for, by inode, of each process that had some.
    """
    counts = {pid: max(_readable(f"{proc}/{pid}/fd"), len(known[pid].sockets)) for pid in pids}
    found, left = set[int](), AT_ONCE
    for pid in sorted(pids, key=counts.__getitem__):
        left -= counts[pid]
        if left >= 0 or (pid in held and not known[pid].still_holds(proc, pid, held[pid])):
            found.add(pid)
    return found


def _readable(directory: str) -> int:
    """How many descriptors can be read there; 0 before Linux 6.2, where they are not counted."""
    return open_descriptors(directory) if os.access(directory, os.R_OK) else 0
