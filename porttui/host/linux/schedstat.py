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

from porttui.host.request import HostError
from porttui.record import NamedTuple

SCHEDSTAT_BYTES = 128
"""Enough for a schedstat."""
_DISABLED = b"0 0 0\n"
_PROCESS_GONE_ERRORS = (FileNotFoundError, ProcessLookupError, PermissionError)


class ThreadSchedstats(NamedTuple):
    """The open schedstat files of all threads of a process. Close it."""

    descriptors: tuple[int, ...]
    """Their descriptors."""

    def schedstat(self) -> bytes:
        """How long and how often each thread has run; b"" when one has ended or has no count."""
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
    """Read the schedstats by name, with the inode that tells a process from a later one.

    Raises:
        HostError: no more files can be opened.
    """
    try:
        # The directory's inode is made with the process; its link count is 2 and one a thread.
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
    """The numbers of the threads there are now; none of a process that is gone.

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
    """All in one; b"" where the kernel has none (CONFIG_SCHED_INFO) or does not keep them
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

    2,000 processes are checked every second. Nearly all are idle, so no step of Python is spent on
    each of them.
    """

    def __init__(self) -> None:
        self._indexes: dict[int, int] = {}
        self._pids: list[int] = []
        self._descriptors: list[int] = []
        self._schedstats: list[bytes] = []

    @property
    def pids(self) -> Set[int]:
        """Those that are watched."""
        return self._indexes.keys()

    def watch(self, pid: int, descriptor: int, schedstat: bytes) -> None:
        """Watch a process; `descriptor`: of its open schedstat, which read `count`."""
        index = self._indexes.setdefault(pid, len(self._pids))
        if index == len(self._pids):
            self._pids.append(pid)
            self._descriptors.append(descriptor)
            self._schedstats.append(schedstat)
        else:
            self._descriptors[index], self._schedstats[index] = descriptor, schedstat

    def forget(self, pid: int) -> None:
        """Stop watching it, if it is watched."""
        index = self._indexes.pop(pid, None)
        if index is None:
            return
        last = self._pids.pop(), self._descriptors.pop(), self._schedstats.pop()
        if index < len(self._pids):
            self._pids[index], self._descriptors[index], self._schedstats[index] = last
            self._indexes[last[0]] = index

    def pids_that_ran(self, among: Set[int] | None = None) -> list[int]:
        """Those that have run since, or ended; `among`: only these are checked."""
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
