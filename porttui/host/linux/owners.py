"""Caches the holders of sockets; rereads only processes that have run.

The rule: a process that has not run since it was read is unchanged. A process must run to open,
close, dup, inherit, exec or receive a descriptor, and to change its name or its user; no other
process can do it for it. The kernel counts for each thread how long and how often it has run
(/proc/PID/schedstat). While no count of its threads has changed, the last read of a process is
valid. All others are read again: processes that ran, new processes, reused pids. Processes that
have exited are dropped, and their children are read again, for a sleeping child is adopted by
another parent. Nothing in the cache is a guess, so nothing has to expire.

A read for a few sockets does less. It checks only processes that hold one of these sockets, and new
ones. Of busy processes with very many descriptors it reads some (`_within_budget`). A server with
10,000 connections runs all the time: reading all its descriptors each second takes 5 % of a core.
So such a read only checks that holders still have their sockets: one link for each. An additional
holder may wait for the next read of everything. A socket without a holder causes such a read at
once.

The rule has two narrow gaps. The kernel updates a count when a thread stops running and at every
clock tick. So a thread that runs at this moment may be a tick (some ms) ahead of its count; the
next read sees it. And a process may share its descriptors with a process that is not one of its
threads (clone(2), CLONE_FILES without CLONE_THREAD); almost no program does that.

What /proc/PID/fd does not show is looked for only where a socket has no holder (`search`).
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import repeat

from porttui.host.linux.processes import list_pids, own_pid, read_process
from porttui.host.request import HostError
from porttui.model.process import Process
from porttui.model.socket_table import NO_HOLDERS
from porttui.record import NamedTuple

RESCAN_BUDGET = 512
"""So many descriptors are always read, in 2 ms: those of the processes with fewest."""
_MAX_UNUSED_SETS = 4096
"""With so many holder sets, those without a socket are dropped."""
_SOCKET_PREFIX = "socket:["
_SCHEDSTAT_BYTES = 128
"""Enough for a schedstat."""
_DISABLED = b"0 0 0\n"
_ABSENT_ERRORS = (FileNotFoundError, ProcessLookupError, PermissionError)
"""A process has ended, or this user may not read it."""


class Holders(NamedTuple):
    """The holders of all sockets at one moment."""

    set_by_inode: Mapping[int, int]
    """By inode the index of the socket's holders in `sets`."""
    sets: tuple[tuple[Process, ...], ...]
    """The first is empty."""

    def set_indexes(self, inodes: array[int]) -> array[int]:
        """The index in `sets` for each socket of a column; NO_HOLDERS if none is known."""
        return array("I", map(self.set_by_inode.get, inodes, repeat(NO_HOLDERS)))


class ProcessScan(NamedTuple):
    """The last scan of a process."""

    schedstats: bytes
    """Of its threads, at that time; b"" if they are unknown."""
    sockets: Mapping[int, str]
    """By inode one of its descriptors."""
    process: Process | None
    """None for a process without sockets."""


NOT_SCANNED = ProcessScan(b"", {}, None)
"""Stands for a new process."""


class HolderCache:
    """Holders of sockets, cached between reads. For one thread only."""

    def __init__(self) -> None:
        self._scans: dict[int, ProcessScan] = {}
        """The last one of each process in the last listing of /proc."""
        self._holder_sets = HolderSets()
        self._pid = own_pid()
        self._unlisted_pids: set[int] = set()
        """Processes with sockets that /proc/PID/fd does not show."""
        self.scanned_pids: Set[int] = frozenset()
        """The processes that the last read scanned."""

    def read(self, inodes: Set[int] | None = None) -> Holders:
        """All holders of all sockets, now.

        Processes whose descriptors this user may not read appear to hold nothing.

        Args:
            inodes: Sockets, if only their holders are needed. An additional holder of a socket may
                then appear only in the next read of everything.

        Raises:
            HostError: /proc cannot be listed, or no more files can be opened.
        """
        is_first = not self._scans
        self._update_pids()
        # This process runs whenever it reads.
        own = self._scans.keys() & {self._pid}
        self._holder_sets.drop_unused(len(self._scans))
        if inodes is None or is_first:
            stale = self._possibly_changed(self._scans.keys())
        else:
            inodes_by_pid = self._holder_sets.inodes_by_pid(inodes)
            unscanned = {pid for pid, scan in self._scans.items() if scan is NOT_SCANNED}
            changed = unscanned | self._possibly_changed(inodes_by_pid.keys())
            stale = self._within_budget(changed - own, inodes_by_pid)
        self.scanned_pids = stale | own
        for pid in sorted(self.scanned_pids):
            self._scan(pid)
        return self.holders

    @property
    def holders(self) -> Holders:
        """As of the last read."""
        sets = tuple(self._processes_of(pids) for pids in self._holder_sets.pid_sets)
        return Holders(self._holder_sets.set_by_inode, sets)

    def search(self, inodes: Set[int]) -> bool:
        """Look for holders of these sockets where /proc/PID/fd does not show them; whether one was
        found. From now on reads look there, too, in processes that have one.

        A thread may have a descriptor table of its own (unshare(2), CLONE_FILES), or the first
        thread may have ended, whose table /proc/PID/fd is. And io_uring holds registered files
        without a descriptor (io_uring_register(2)).

        Raises:
            HostError: no more files can be opened.
        """
        pids = {
            pid for pid in self._scans if not inodes.isdisjoint(read_unlisted_fds(f"/proc/{pid}"))
        }
        self._unlisted_pids |= pids
        for pid in sorted(pids):
            self._scan(pid)
        return bool(pids)

    def _update_pids(self) -> None:
        """Add new processes and drop those that have exited."""
        present = set(list_pids())
        for pid in self._scans.keys() - present:
            self._holder_sets.update(pid, self._scans.pop(pid).sockets.keys(), set())
        self._unlisted_pids &= present
        self._update_parents(present & self._scans.keys())
        self._scans.update(dict.fromkeys(present - self._scans.keys(), NOT_SCANNED))

    def _update_parents(self, remaining: Set[int]) -> None:
        """Read processes again whose parent has exited: they need not run to be adopted."""
        for pid, scan in self._scans.items():
            if scan.process is not None and scan.process.ppid not in remaining:
                process = read_process(pid)
                if process is not None and process.identity == scan.process.identity:
                    self._scans[pid] = scan._replace(process=process)

    def _possibly_changed(self, pids: Iterable[int]) -> set[int]:
        """Processes that may differ from their scan."""
        return {
            pid
            for pid in pids
            if not (known := self._scans[pid].schedstats)
            or known != read_schedstats(f"/proc/{pid}")
        }

    def _within_budget(
        self, pids: Set[int], inodes_by_pid: Mapping[int, Sequence[int]]
    ) -> set[int]:
        """Of processes that may have changed, those that a read for some sockets must scan.

        `inodes_by_pid`: by pid which of these sockets it held.
        """
        counts = {
            pid: max(count_descriptors(f"/proc/{pid}/fd"), len(self._scans[pid].sockets))
            for pid in pids
        }
        selected, budget = set[int](), RESCAN_BUDGET
        for pid in sorted(pids, key=counts.__getitem__):
            budget -= counts[pid]
            if budget >= 0 or not self._still_holds(pid, inodes_by_pid.get(pid, ())):
                selected.add(pid)
        return selected

    def _still_holds(self, pid: int, inodes: Sequence[int]) -> bool:
        """Whether it still has these sockets and is the same program; True without any."""
        if not inodes:
            return True
        scan = self._scans[pid]
        try:
            has_them = all(
                os.readlink(f"/proc/{pid}/fd/{scan.sockets[inode]}") == f"{_SOCKET_PREFIX}{inode}]"
                for inode in inodes
            )
        except OSError:
            return False
        return has_them and read_process(pid) == scan.process

    def _scan(self, pid: int) -> None:
        # Schedstats first: the next read sees all that happens afterwards.
        schedstats = read_schedstats(f"/proc/{pid}")
        sockets = read_socket_fds(f"/proc/{pid}/fd")
        if pid in self._unlisted_pids:
            sockets = {**read_unlisted_fds(f"/proc/{pid}"), **sockets}
        process = read_process(pid) if sockets else None
        self._holder_sets.update(pid, self._scans[pid].sockets.keys(), sockets.keys())
        self._scans[pid] = ProcessScan(schedstats, sockets, process)

    def _processes_of(self, pids: tuple[int, ...]) -> tuple[Process, ...]:
        scans = (self._scans.get(pid) for pid in pids)
        return tuple(scan.process for scan in scans if scan and scan.process)


class HolderSets:
    """The pids that hold each socket, as numbered sets: most sockets share a few sets."""

    def __init__(self) -> None:
        self.set_by_inode: dict[int, int] = {}
        """By inode the number of its holder set."""
        self._set_numbers: dict[tuple[int, ...], int] = {(): 0}
        self._pids_by_inode: dict[int, tuple[int, ...]] = {}

    @property
    def pid_sets(self) -> Iterable[tuple[int, ...]]:
        """The sets, in the order of their numbers."""
        return self._set_numbers

    def inodes_by_pid(self, inodes: Iterable[int]) -> dict[int, list[int]]:
        """By pid which of these sockets it holds."""
        inodes_by_pid: dict[int, list[int]] = {}
        for inode in inodes:
            for pid in self._pids_by_inode.get(inode, ()):
                inodes_by_pid.setdefault(pid, []).append(inode)
        return inodes_by_pid

    def update(self, pid: int, before: Set[int], after: Set[int]) -> None:
        """The process now holds the inodes `after`; it held `before`."""
        for inode in before - after:
            remaining = tuple(holder for holder in self._pids_by_inode[inode] if holder != pid)
            if remaining:
                self._set_holders(inode, remaining)
            else:
                del self._pids_by_inode[inode], self.set_by_inode[inode]
        for inode in after - before:
            others = self._pids_by_inode.get(inode)
            self._set_holders(inode, tuple(sorted((*others, pid))) if others else (pid,))

    def drop_unused(self, processes: int) -> None:
        """Renumber if there are many more sets than processes."""
        if len(self._set_numbers) <= _MAX_UNUSED_SETS + processes:
            return
        self._set_numbers = {(): 0}
        for inode, pids in self._pids_by_inode.items():
            self._set_holders(inode, pids)

    def _set_holders(self, inode: int, pids: tuple[int, ...]) -> None:
        self._pids_by_inode[inode] = pids
        self.set_by_inode[inode] = self._set_numbers.setdefault(pids, len(self._set_numbers))


def read_socket_fds(directory: str) -> dict[int, str]:
    """The sockets in a /proc/PID/fd (proc_pid_fd(5)): by inode one of its descriptors.

    Empty if this user may not read the directory.

    Raises:
        HostError: no more files can be opened.
    """
    fd_by_inode: dict[int, str] = {}
    try:
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for descriptor in os.listdir(opened):
                try:
                    target = _read_link(opened, directory, descriptor)
                except (FileNotFoundError, ProcessLookupError):
                    continue  # closed since it was listed
                if target.startswith(_SOCKET_PREFIX):
                    fd_by_inode[int(target[len(_SOCKET_PREFIX) : -1])] = descriptor
        finally:
            os.close(opened)
    except _ABSENT_ERRORS:
        pass
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return fd_by_inode


def _read_link(opened: int, directory: str, name: str) -> str:
    """A link in an open directory: by its whole path it takes 4.3 us and not 3.6, so that a first
    read of 56,000 sockets takes 0.50 of `ss -tanp` and not 0.44."""
    try:
        return os.readlink(name, dir_fd=opened)
    except (FileNotFoundError, ProcessLookupError):
        raise
    except OSError:
        return os.readlink(f"{directory}/{name}")  # some sandboxes refuse readlinkat(2)


def read_unlisted_fds(directory: str) -> dict[int, str]:
    """The sockets of a process's threads, and those registered with io_uring: by inode a path below
    its /proc/PID/fd.

    Args:
        directory: Its directory in /proc.

    Raises:
        HostError: no more files can be opened.
    """
    sockets: dict[int, str] = {}
    try:
        for thread in os.listdir(f"{directory}/task"):
            for inode, descriptor in read_socket_fds(f"{directory}/task/{thread}/fd").items():
                sockets[inode] = f"../task/{thread}/fd/{descriptor}"
        for descriptor in os.listdir(f"{directory}/fd"):
            if _is_ring(f"{directory}/fd/{descriptor}"):
                registered = _registered_sockets(f"{directory}/fdinfo/{descriptor}")
                sockets |= dict.fromkeys(registered, descriptor)
    except _ABSENT_ERRORS:
        pass
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    return sockets


def _is_ring(link: str) -> bool:
    try:
        return os.readlink(link) == "anon_inode:[io_uring]"
    except _ABSENT_ERRORS:
        return False


def _registered_sockets(path: str) -> Iterator[int]:
    """Inodes of "    0: socket:[4711]" in the fdinfo of a ring (io_uring/fdinfo.c)."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            _, colon, target = line.strip().partition(": ")
            if colon and target.startswith(_SOCKET_PREFIX) and target.endswith("]"):
                yield int(target[len(_SOCKET_PREFIX) : -1])


def count_descriptors(directory: str) -> int:
    """Number of links in a /proc/PID/fd.

    0 before Linux 6.2, which does not count them, and if this user may not read the links.
    """
    try:
        return os.stat(directory).st_size if os.access(directory, os.R_OK) else 0
    except OSError:
        return 0


def read_schedstats(directory: str) -> bytes:
    """The schedstats of a process's threads, with what differs for a later process.

    b"" if the kernel has none (CONFIG_SCHED_INFO) or does not maintain them
    (kernel.sched_schedstats and delayacct; fs/proc/base.c, proc_pid_schedstat), or the process has
    ended.

    Args:
        directory: Its directory in /proc.

    Raises:
        HostError: no more files can be opened.
    """
    try:
        # The directory has a new inode for each process; its link count is 2 plus the threads.
        task = os.stat(f"{directory}/task")
        if task.st_nlink == 3:
            names, paths = [], [f"{directory}/schedstat"]
        else:
            names = os.listdir(f"{directory}/task")
            paths = [f"{directory}/task/{name}/schedstat" for name in names]
        schedstats = [_read_schedstat(path) for path in paths]
        # A thread that began meanwhile is in none of these.
        if os.stat(f"{directory}/task").st_nlink != task.st_nlink or (
            names and os.listdir(f"{directory}/task") != names
        ):
            return b""
    except _ABSENT_ERRORS:
        return b""
    except OSError as error:
        raise HostError(f"{directory} cannot be read: {error.strerror}") from error
    if _DISABLED in schedstats or b"" in schedstats:
        return b""
    return b" ".join([b"%d" % task.st_ino, *map(os.fsencode, names), *schedstats])


def _read_schedstat(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _SCHEDSTAT_BYTES)
    finally:
        os.close(descriptor)
