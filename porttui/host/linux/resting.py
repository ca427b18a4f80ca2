"""Which processes have rested: the counts of many single threads, asked for in one go.

Two thousand processes are looked at every second. Nearly all have one thread and have not run, so
there is no step of Python for each of them.
"""

from __future__ import annotations

import os
from collections.abc import Set
from itertools import compress, repeat
from operator import ne

from porttui.host.linux.threads import COUNT_BYTES


class Resting:
    """Processes of one thread, each with what its count was when it was read."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._pids: list[int] = []
        self._descriptors: list[int] = []
        self._counts: list[bytes] = []

    @property
    def pids(self) -> Set[int]:
        """Those that are watched."""
        return self._places.keys()

    def watch(self, pid: int, descriptor: int, count: bytes) -> None:
        """Watch a process; `descriptor`: of its thread's count, which was `count`."""
        place = self._places.setdefault(pid, len(self._pids))
        if place == len(self._pids):
            self._pids.append(pid)
            self._descriptors.append(descriptor)
            self._counts.append(count)
        else:
            self._descriptors[place], self._counts[place] = descriptor, count

    def forget(self, pid: int) -> None:
        """Do not watch it any more, if it was."""
        place = self._places.pop(pid, None)
        if place is None:
            return
        last = self._pids.pop(), self._descriptors.pop(), self._counts.pop()
        if place < len(self._pids):
            self._pids[place], self._descriptors[place], self._counts[place] = last
            self._places[last[0]] = place

    def disturbed(self, among: Set[int] | None = None) -> list[int]:
        """Those that have run since, or have ended; `among`: where only some are asked for."""
        pids, descriptors, counts = self._pids, self._descriptors, self._counts
        if among is not None:
            pids = list(among & self._places.keys())
            places = [self._places[pid] for pid in pids]
            descriptors = [descriptors[place] for place in places]
            counts = [counts[place] for place in places]
        try:
            now = list(map(os.pread, descriptors, repeat(COUNT_BYTES), repeat(0)))
        except ProcessLookupError:
            now = [_count(each) for each in descriptors]
        return list(compress(pids, map(ne, now, counts)))


def _count(descriptor: int) -> bytes:
    try:
        return os.pread(descriptor, COUNT_BYTES, 0)
    except ProcessLookupError:
        return b""
