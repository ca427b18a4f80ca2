"""Orders socket holders, by seniority or by number of sockets, and rounds their ages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from porttui.model.process import Process
from porttui.model.socket import Socket
from porttui.model.socket_table import SocketTable

_TOP = 16
"""So few that reading the limit of each costs next to nothing."""


def by_seniority(processes: Iterable[Process]) -> tuple[Process, ...]:
    """Each process once; parents before their children, then the oldest first.

    The first is the one to name: the master of a prefork server rather than one of its workers.
    """
    unique = {process.identity: process for process in processes}
    pids = {process.pid for process in unique.values()}
    return tuple(
        sorted(
            unique.values(),
            key=lambda process: (
                process.ppid in pids and process.ppid != process.pid,
                process.started,
                process.pid,
            ),
        )
    )


def holders_of(sockets: Iterable[Socket]) -> tuple[Process, ...]:
    """The holders of all these sockets, by seniority."""
    return by_seniority(holder for socket in sockets for holder in socket.holders)


def top_socket_holders(sockets: SocketTable) -> tuple[Process, ...]:
    """Most sockets first: they are the first to run out of descriptors. Empty where holders were
    not read."""
    held: Counter[Process] = Counter()
    for number, count in Counter(sockets.holder_sets).items():
        for process in sockets.side.holder_sets[number]:
            held[process] += count
    # Not Counter.most_common: it imports heapq.
    return tuple(sorted(held, key=held.__getitem__, reverse=True)[:_TOP])


AGE_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
"""Their lengths in seconds, and how they are written."""


def whole_units(seconds: float) -> int:
    """Seconds, rounded down to the largest unit that fits: it changes as seldom as "4 min"."""
    for size, _ in AGE_UNITS:
        if seconds >= size:
            return int(seconds // size) * size
    return 0
