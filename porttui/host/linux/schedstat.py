"""Detects that a process has run, from its threads' schedstat (/proc/PID/task/TID/schedstat).

The kernel counts for each thread how long and how often it has run. An open schedstat file belongs
to one thread, never to a later thread with its number. Reading it again takes one system call,
reading it by name four.
"""

from __future__ import annotations

import os
from collections.abc import Set
from itertools import compress, repeat
from operator import ne

from porttui.host.request import HostError
from porttui.record import NamedTuple

SCHEDSTAT_BYTES = 128
"""Enough for a schedstat."""
_DISABLED = b"0 0 0\n"
_PROCESS_GONE_ERRORS = (FileNotFoundError, ProcessLookupError, PermissionError)


class ThreadSchedstats(NamedTuple):
    """Open schedstat files of a process's threads. Close it after use."""

    descriptors: tuple[int, ...]

    def schedstat(self) -> bytes:
        """How long and how often each thread has run; b"" if one has ended or has no count."""
        try:
            return _join_schedstats(
                [os.pread(descriptor, SCHEDSTAT_BYTES, 0) for descriptor in self.descriptors]
            )
        except ProcessLookupError:
            return b""

    def close(self) -> None:
        """Close the files."""
        for descriptor in self.descriptors:
            os.close(descriptor)


def open_thread_schedstats(directory: str, max_threads: int) -> ThreadSchedstats | None:
    """Open the schedstat files of a /proc/PID.

    None if it has more than `max_threads` threads, or has ended.

    Raises:
        HostError: no more files can be opened.
    """
    names = thread_ids(directory)
    if not 0 < len(names) <= max_threads:
        return None
    descriptors: list[int] = []
    try:
        for name in names:
            path = f"{directory}/task/{name}/schedstat"
            descriptors.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        ThreadSchedstats(tuple(descriptors)).close()
        if isinstance(error, _PROCESS_GONE_ERRORS):
            return None
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return ThreadSchedstats(tuple(descriptors))


def read_schedstats(directory: str) -> bytes:
    """Read the schedstats by name, with the inode that differs for a later process.

    Raises:
        HostError: no more files can be opened.
    """
    try:
        # The directory has a new inode for each process; its link count is 2 plus the threads.
        task = os.stat(f"{directory}/task")
        if task.st_nlink == 3:
            schedstats = _join_schedstats([_read(f"{directory}/schedstat")])
        else:
            names = os.listdir(f"{directory}/task")
            schedstats = _join_schedstats(
                [_read(f"{directory}/task/{name}/schedstat") for name in names]
            )
            schedstats = schedstats and b" ".join([schedstats, *map(os.fsencode, names)])
    except _PROCESS_GONE_ERRORS:
        return b""
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return b"%d %s" % (task.st_ino, schedstats) if schedstats else b""


def thread_ids(directory: str) -> list[str]:
    """The ids of a process's threads; none if it has ended.

    Raises:
        HostError: no more files can be opened.
    """
    try:
        return os.listdir(f"{directory}/task")
    except _PROCESS_GONE_ERRORS:
        return []
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error


def _join_schedstats(schedstats: list[bytes]) -> bytes:
    """All in one; b"" if the kernel has none (CONFIG_SCHED_INFO) or does not maintain them
    (kernel.sched_schedstats and delayacct; fs/proc/base.c, proc_pid_schedstat)."""
    return b"" if _DISABLED in schedstats or b"" in schedstats else b"".join(schedstats)


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, SCHEDSTAT_BYTES)
    finally:
        os.close(descriptor)


class IdleProcesses:
    """Processes of one thread, each with its schedstat at its last scan.

    2,000 processes are checked every second. Nearly all are idle, so the check runs no Python code
    for each.
    """

    def __init__(self) -> None:
        self._indexes: dict[int, int] = {}
        self._pids: list[int] = []
        self._descriptors: list[int] = []
        self._schedstats: list[bytes] = []

    @property
    def pids(self) -> Set[int]:
        """Pids that are watched."""
        return self._indexes.keys()

    def watch(self, pid: int, descriptor: int, schedstat: bytes) -> None:
        """Watch a process; `descriptor`: its open schedstat, which read `schedstat`."""
        index = self._indexes.setdefault(pid, len(self._pids))
        if index == len(self._pids):
            self._pids.append(pid)
            self._descriptors.append(descriptor)
            self._schedstats.append(schedstat)
        else:
            self._descriptors[index], self._schedstats[index] = descriptor, schedstat

    def forget(self, pid: int) -> None:
        """Stop watching a process, if it is watched."""
        index = self._indexes.pop(pid, None)
        if index is None:
            return
        last = self._pids.pop(), self._descriptors.pop(), self._schedstats.pop()
        if index < len(self._pids):
            self._pids[index], self._descriptors[index], self._schedstats[index] = last
            self._indexes[last[0]] = index

    def pids_that_ran(self, among: Set[int] | None = None) -> list[int]:
        """Those that have run since, or have ended; `among`: check only these."""
        pids, descriptors, schedstats = self._pids, self._descriptors, self._schedstats
        if among is not None:
            pids = list(among & self._indexes.keys())
            indexes = [self._indexes[pid] for pid in pids]
            descriptors = [descriptors[index] for index in indexes]
            schedstats = [schedstats[index] for index in indexes]
        try:
            now = list(map(os.pread, descriptors, repeat(SCHEDSTAT_BYTES), repeat(0)))
        except ProcessLookupError:
            now = [_read_descriptor(descriptor) for descriptor in descriptors]
        return list(compress(pids, map(ne, now, schedstats)))


def _read_descriptor(descriptor: int) -> bytes:
    try:
        return os.pread(descriptor, SCHEDSTAT_BYTES, 0)
    except ProcessLookupError:
        return b""
