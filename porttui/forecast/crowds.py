"""The processes with most sockets: the first ones to have no descriptor left."""

from __future__ import annotations

from collections import Counter

from porttui.model.process import Process
from porttui.model.socket_table import SocketTable

_MOST = 16
"""So few that to look at each of them costs next to nothing."""


def crowded(sockets: SocketTable) -> tuple[Process, ...]:
    """Most sockets first; nobody where holders were not looked for."""
    held: Counter[Process] = Counter()
    for group, count in Counter(sockets.groups).items():
        for process in sockets.side.groups[group]:
            held[process] += count
    # Not Counter.most_common: it imports heapq.
    return tuple(sorted(held, key=held.__getitem__, reverse=True)[:_MOST])
