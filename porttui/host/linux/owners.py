"""Caches the holders of sockets; rereads only processes that have run.

The rule: a process that has not run since it was read is unchanged. A process must run to open,
close, dup, inherit, exec or receive a descriptor, and to change its name or its user; no other
process can do it for it. The kernel counts for each thread how long and how often it has run
(/proc/PID/schedstat). While no count of its threads has changed, the last read of a process is
valid. All others are read again: processes that ran, new processes, reused pids. Processes that
have exited are dropped. Nothing in the cache is a guess, so nothing has to expire.

A read for a few sockets does less. Among very many processes it checks only those that hold one of
these sockets, and new ones. Of busy processes with very many descriptors it reads some
(`pids_to_rescan`). A server with 10,000 connections runs all the time: reading all its descriptors
each second takes 5 % of a core. So such a read only checks that holders still have their sockets:
one link for each. An additional holder may wait for the next read of everything. A socket without
a holder causes such a read at once.

The rule has two narrow gaps. The kernel updates a count when a thread stops running and at every
clock tick. So a thread that runs at this moment may be a tick (some ms) ahead of its count; the
next read sees it. And a process may share its descriptors with a process that is not one of its
threads (clone(2), CLONE_FILES without CLONE_THREAD); almost no program does that.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import repeat

from porttui.host.linux.fd_links import (
    OwnDescriptors,
    count_descriptors,
    read_socket_fds,
    socket_link,
)
from porttui.host.linux.processes import (
    RawProcess,
    list_proc_names,
    own_pid,
    parse_pids,
    read_raw_process,
)
from porttui.host.linux.schedstat import (
    IdleProcesses,
    ThreadSchedstats,
    open_thread_schedstats,
    read_schedstats,
    thread_ids,
)
from porttui.model.process import Process
from porttui.model.socket_table import NO_HOLDERS
from porttui.record import NamedTuple

_CHECK_ALL_LIMIT = 512
"""Up to so many processes are all checked, in 0.5 ms."""
RESCAN_BUDGET = 512
"""So many descriptors are always read, in 2 ms: those of the processes with fewest."""
_MAX_SCHEDSTAT_FILES = 16384
"""Open files, one for each thread."""
_MAX_UNUSED_SETS = 4096
"""With so many holder sets, those without a socket are dropped."""


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

    schedstat: bytes
    """Of its threads, at that time."""
    sockets: Mapping[int, str]
    """By inode one of its descriptors."""
    raw: RawProcess | None
    """None for a process without sockets."""
    process: Process | None
    """`raw`, parsed."""
    threads: ThreadSchedstats | None
    """None if too many files would be open: then schedstats are read by name."""

    def may_have_changed(self, proc: str, pid: int) -> bool:
        """Whether it has run since, or this is unknown."""
        if not self.schedstat:
            return True
        now = self.threads.schedstat() if self.threads else read_schedstats(f"{proc}/{pid}")
        return now != self.schedstat

    @property
    def single_schedstat_fd(self) -> int | None:
        """Descriptor of its schedstat; None if it is closed or there are several threads."""
        if not self.schedstat or self.threads is None or len(self.threads.descriptors) != 1:
            return None
        return self.threads.descriptors[0]

    def still_holds(self, proc: str, pid: int, inodes: Iterable[int]) -> bool:
        """Whether it still has these sockets and is the same program."""
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
"""Stands for a new process."""


class HolderCache:
    """Holders of sockets, cached between reads. For one thread only."""

    def __init__(self, proc: str = "/proc", *, one_shot: bool = False) -> None:
        """`one_shot`: keep nothing for another read."""
        self._proc = proc
        self._scans: dict[int, ProcessScan] = {}
        self._idle = IdleProcesses()
        """Those of `_scans` with one thread and an open schedstat."""
        self._unwatched: set[int] = set()
        """The others of `_scans`."""
        self._proc_names: list[str] = []
        """The last listing of /proc; `_scans` has exactly its processes."""
        self._holder_sets = HolderSets()
        self._sets: tuple[tuple[Process, ...], ...] = ()
        """Sets of processes; () if a set has changed."""
        self._own_descriptors = OwnDescriptors()
        self._pid = own_pid(proc)
        self._schedstat_fds: set[str] = set()
        """Descriptors of open schedstat files."""
        self._one_shot = one_shot
        self._max_schedstat_files = 0 if one_shot else _max_schedstat_files()
        self.scanned_pids: set[int] = set()
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
        self.scanned_pids.clear()
        if self._one_shot or not self._scans:
            inodes = None  # nothing is cached
        if self._holder_sets.drop_unused(len(self._scans)):
            self._sets = ()
        stale_pids = self._pids_to_scan(inodes)
        self._scan(sorted(stale_pids))
        if not self._sets:
            self._sets = tuple(self._processes_of(pids) for pids in self._holder_sets.pid_sets)
        return Holders(self._holder_sets.set_by_inode, self._sets)

    def _pids_to_scan(self, inodes: Set[int] | None) -> Set[int]:
        """The processes that must be scanned."""
        new = self._update_pids(list_proc_names(self._proc))
        if inodes is None:
            return new | self._possibly_changed()
        inodes_by_pid = self._holder_sets.inodes_by_pid(inodes)
        is_all = len(self._scans) <= _CHECK_ALL_LIMIT
        changed = new | self._possibly_changed(None if is_all else inodes_by_pid.keys())
        own = changed & {self._pid}  # it is read at once
        return pids_to_rescan(self._proc, changed - own, self._scans, inodes_by_pid) | own

    def _update_pids(self, names: list[str]) -> set[int]:
        """Add new processes and drop those that have exited; returns the new ones."""
        if names == self._proc_names:
            return set()
        self._proc_names = names
        present = parse_pids(names)
        for pid in self._scans.keys() - present:
            self._remove(pid)
        new = present - self._scans.keys()
        for pid in new:
            self._set_scan(pid, NOT_SCANNED)
        return new

    def _possibly_changed(self, among: Set[int] | None = None) -> set[int]:
        """Processes that may differ from their scan; `among`: check only these."""
        scans = self._scans
        others = self._unwatched if among is None else self._unwatched & among
        ran = {pid for pid in others if scans[pid].may_have_changed(self._proc, pid)}
        return ran.union(self._idle.pids_that_ran(among))

    def _scan(self, pids: Sequence[int]) -> None:
        """Schedstat first: the next read sees all that happens afterwards."""
        own = self._pid
        # This process runs whenever it reads: its own schedstat is useless.
        others = () if self._one_shot else (pid for pid in pids if pid != own)
        schedstats = {pid: self._open_schedstats(pid) for pid in others}
        for pid in pids:
            if pid == own:
                sockets = self._own_descriptors.sockets(self._schedstat_fds)
            else:
                sockets = read_socket_fds(f"{self._proc}/{pid}/fd")
            self._store_scan(pid, sockets, schedstats.get(pid, b""))

    def _store_scan(self, pid: int, sockets: Mapping[int, str], schedstat: bytes) -> None:
        """Replace the scan of a process."""
        self.scanned_pids.add(pid)
        scan = self._scans.get(pid, NOT_SCANNED)
        self._holder_sets.update(pid, scan.sockets.keys(), sockets.keys())
        if pid == self._pid and scan.raw:
            raw: RawProcess | None = scan.raw  # it does not rename itself
        else:
            raw = read_raw_process(pid) if sockets else None
        if sockets.keys() != scan.sockets.keys() or raw != scan.raw:
            self._sets = ()
        if raw != scan.raw:
            scan = scan._replace(raw=raw, process=raw.parse() if raw else None)
        self._set_scan(pid, scan._replace(schedstat=schedstat, sockets=sockets))

    def _set_scan(self, pid: int, scan: ProcessScan) -> None:
        self._scans[pid] = scan
        schedstat_fd = scan.single_schedstat_fd
        if schedstat_fd is None:
            self._idle.forget(pid)
            self._unwatched.add(pid)
        else:
            self._idle.watch(pid, schedstat_fd, scan.schedstat)
            self._unwatched.discard(pid)

    def _open_schedstats(self, pid: int) -> bytes:
        """Open and read the schedstat files of a process before its scan."""
        self._close_schedstats(pid)
        directory = f"{self._proc}/{pid}"
        threads = open_thread_schedstats(
            directory, self._max_schedstat_files - len(self._schedstat_fds)
        )
        if threads is None:
            return read_schedstats(directory)
        self._schedstat_fds.update(map(str, threads.descriptors))
        self._set_scan(
            pid, self._scans.get(pid, NOT_SCANNED)._replace(schedstat=b"", threads=threads)
        )
        if len(thread_ids(directory)) != len(threads.descriptors):
            return b""  # a thread started meanwhile; its actions are unknown
        return threads.schedstat()

    def _close_schedstats(self, pid: int) -> None:
        scan = self._scans.get(pid)
        if scan is not None and scan.threads is not None:
            self._schedstat_fds.difference_update(map(str, scan.threads.descriptors))
            scan.threads.close()
            self._set_scan(pid, scan._replace(schedstat=b"", threads=None))

    def _remove(self, pid: int) -> None:
        self._close_schedstats(pid)
        removed = self._scans.pop(pid)
        self._unwatched.discard(pid)
        self._holder_sets.update(pid, removed.sockets.keys(), set())
        if removed.sockets:
            self._sets = ()

    def _processes_of(self, pids: tuple[int, ...]) -> tuple[Process, ...]:
        scans = (self._scans.get(pid) for pid in pids)
        return tuple(scan.process for scan in scans if scan and scan.process)

    def __del__(self) -> None:
        """Close all schedstat files."""
        for scan in self._scans.values():
            if scan.threads is not None:
                scan.threads.close()


def _max_schedstat_files() -> int:
    """Half of the open files that this process may have."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(soft // 2, _MAX_SCHEDSTAT_FILES)


def pids_to_rescan(
    proc: str,
    pids: Set[int],
    scans: Mapping[int, ProcessScan],
    inodes_by_pid: Mapping[int, Sequence[int]],
) -> Set[int]:
    """Of processes that may have changed, those that a read for some sockets must scan.

    Args:
        proc: The mount point of procfs.
        pids: The processes that may have changed.
        scans: Their last scans, NOT_SCANNED for new ones.
        inodes_by_pid: By pid which of these sockets it held.
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
    """Number of readable descriptors; 0 before Linux 6.2, which does not count them."""
    return count_descriptors(directory) if os.access(directory, os.R_OK) else 0


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
        closed, opened = before - after, after - before
        for inode in closed:
            self._set_holders(
                inode, tuple(holder for holder in self._pids_by_inode[inode] if holder != pid)
            )
        only_holder = (pid,)
        number = self._set_number(only_holder) if after else 0
        for inode in opened:
            others = self._pids_by_inode.get(inode)
            if others is None:
                self._pids_by_inode[inode], self.set_by_inode[inode] = only_holder, number
            else:
                self._set_holders(inode, tuple(sorted((*others, pid))))

    def drop_unused(self, processes: int) -> bool:
        """Renumber if there are many more sets than processes; True if it did."""
        if len(self._set_numbers) <= _MAX_UNUSED_SETS + processes:
            return False
        self._set_numbers = {(): 0}
        for inode, pids in self._pids_by_inode.items():
            self.set_by_inode[inode] = self._set_number(pids)
        return True

    def _set_holders(self, inode: int, pids: tuple[int, ...]) -> None:
        if not pids:
            del self._pids_by_inode[inode], self.set_by_inode[inode]
            return
        self._pids_by_inode[inode] = pids
        self.set_by_inode[inode] = self._set_number(pids)

    def _set_number(self, pids: tuple[int, ...]) -> int:
        return self._set_numbers.setdefault(pids, len(self._set_numbers))
