"""Tells whether a process has run, by its threads' schedstat (/proc/PID/task/TID/schedstat).

The kernel counts for each thread how long and how often it has run. An open schedstat file belongs
to that very thread, never to a later one with its number. Reading it again is one system call;
reading it by name takes four.
"""

from __future__ import annotations

import os
from collections.abc import Set
from itertools import compress, repeat
from operator import ne

from porttui.host.asking import HostError
from porttui.record import NamedTuple

COUNT_BYTES = 128
"""Enough for a schedstat."""
_NOT_KEPT = b"0 0 0\n"
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


class Threads(NamedTuple):
    """The open schedstat files of all threads of a process. Close it."""

    counts: tuple[int, ...]
    """Their descriptors."""

    def schedstat(self) -> bytes:
        """How long and how often each thread has run; b"" when one has ended or has no count."""
        try:
            return _joined([os.pread(each, COUNT_BYTES, 0) for each in self.counts])
        except ProcessLookupError:
            return b""

    def close(self) -> None:
        """Close the files."""
        for each in self.counts:
            os.close(each)


def hold_threads(directory: str, most: int) -> Threads | None:
    """Open the schedstat files of a /proc/PID; None for more than `most` threads.

    Raises:
        HostError: no more files can be opened.
    """
    held: list[int] = []
    try:
        names = os.listdir(f"{directory}/task")
        if len(names) <= most:
            for name in names:
                path = f"{directory}/task/{name}/schedstat"
                held.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            return Threads(tuple(held))
    except _GONE:
        pass
    except OSError as error:
        Threads(tuple(held)).close()
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    Threads(tuple(held)).close()
    return None


def schedstats_of(directory: str) -> bytes:
    """As `Threads.schedstat`, by name, with what tells the process from a later one of its pid.

    Raises:
        HostError: no more files can be opened.
    """
    try:
        # The directory's inode is made with the process; its link count is 2 and one a thread.
        task = os.stat(f"{directory}/task")
        if task.st_nlink == 3:
            counts = _joined([_read(f"{directory}/schedstat")])
        else:
            names = os.listdir(f"{directory}/task")
            counts = _joined([_read(f"{directory}/task/{name}/schedstat") for name in names])
            counts = counts and b" ".join([counts, *map(os.fsencode, names)])
    except _GONE:
        return b""
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return b"%d %s" % (task.st_ino, counts) if counts else b""


def thread_names(directory: str) -> list[str]:
    """The numbers of the threads there are now; none of a process that is gone.

    Raises:
        HostError: no more files can be opened.
    """
    try:
        return os.listdir(f"{directory}/task")
    except _GONE:
        return []
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error


def _joined(counts: list[bytes]) -> bytes:
    """All in one; b"" where the kernel has none (CONFIG_SCHED_INFO) or does not keep them
    (kernel.sched_schedstats and delayacct; fs/proc/base.c, proc_pid_schedstat)."""
    return b"" if _NOT_KEPT in counts or b"" in counts else b"".join(counts)


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, COUNT_BYTES)
    finally:
        os.close(descriptor)


class IdleProcesses:
    """Processes of one thread, each with its schedstat at its last scan.

    2,000 processes are checked every second. Nearly all are idle, so no step of Python is spent on
    each of them.
    """

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
        """Watch a process; `descriptor`: of its open schedstat, which read `count`."""
        place = self._places.setdefault(pid, len(self._pids))
        if place == len(self._pids):
            self._pids.append(pid)
            self._descriptors.append(descriptor)
            self._counts.append(count)
        else:
            self._descriptors[place], self._counts[place] = descriptor, count

    def forget(self, pid: int) -> None:
        """Stop watching it, if it is watched."""
        place = self._places.pop(pid, None)
        if place is None:
            return
        last = self._pids.pop(), self._descriptors.pop(), self._counts.pop()
        if place < len(self._pids):
            self._pids[place], self._descriptors[place], self._counts[place] = last
            self._places[last[0]] = place

    def have_run(self, among: Set[int] | None = None) -> list[int]:
        """Those that have run since, or ended; `among`: only these are checked."""
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
