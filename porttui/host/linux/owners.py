"""Finds all holders of each socket, and reads again only processes that may have changed.

The rule: a process that has not run since it was read is as it was read. To open, close, dup,
inherit, exec or receive a descriptor, and to change its name or its user, it must run, and nobody
can do it for it. The kernel counts for each thread how long and how often it has run
(/proc/PID/schedstat). While no thread's count has moved, what was read stands; everything else is
read again: processes that ran, new ones, pids that began anew. What has exited is dropped.
Nothing is kept on the strength of a guess, so nothing has to expire.

A read for a few sockets does less. Among very many processes it checks only those that hold one
of the few, and new ones. Of busy processes with very many descriptors it reads some
(`within_rescan_budget`). The rest wait for the next read of everything; a socket without a holder
causes one at once.

Two things are beyond the rule, and narrow. A count is brought up to date when a thread stops
running and at every clock tick, so a thread that runs at this very moment may be a tick (some ms)
ahead of its count; it shows in the next read. And a process may share its descriptors with one
that is no thread of its (clone(2), CLONE_FILES without CLONE_THREAD), which next to nothing does.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import repeat

from porttui.host.linux.fd_links import (
    FdScan,
    OwnDescriptors,
    ProcessFds,
    held_sockets,
    start_fd_scan,
)
from porttui.host.linux.process_scan import UNREAD, ProcessScan, within_rescan_budget
from porttui.host.linux.processes import (
    ProcessText,
    list_names,
    list_pids,
    own_pid,
    pids_among,
    read_text,
)
from porttui.host.linux.schedstat import IdleProcesses, hold_threads, schedstats_of, thread_names
from porttui.model.process import Process
from porttui.model.socket_table import NOBODY
from porttui.record import NamedTuple

_FEW = 512
"""Processes. Up to so many are all checked, in 0.5 ms."""
_MOST_HELD = 16384
"""Open schedstat files, one a thread."""
_MOST_UNUSED = 4096
"""Holder sets without a socket are dropped when there are so many."""


class Holders(NamedTuple):
    """The holders of all sockets, at one moment."""

    set_of: Mapping[int, int]
    """By a socket's inode the index of its holders in `sets`."""
    sets: tuple[tuple[Process, ...], ...]
    """The first is empty: nobody."""

    def sets_of(self, inodes: array[int]) -> array[int]:
        """The index in `sets` for each socket of a column; NOBODY where nobody is known."""
        return array("I", map(self.set_of.get, inodes, repeat(NOBODY)))


class HolderCache:
    """Remembers what was read of each process. Not for two threads at once."""

    def __init__(self, proc: str = "/proc", *, one_shot: bool = False) -> None:
        """`one_shot`: nothing is kept for another read."""
        self._proc = proc
        self._known: dict[int, ProcessScan] = {}
        self._idle = IdleProcesses()
        """Those of `_known` with one thread, whose schedstat is held open."""
        self._others: set[int] = set()
        """The rest of them."""
        self._names: list[str] = []
        """The last listing of /proc; `_known` has exactly its processes."""
        self._held_by = HolderSets()
        self._sets: tuple[tuple[Process, ...], ...] = ()
        """With processes for pids; () when something has changed."""
        self._own = OwnDescriptors()
        self._pid = own_pid(proc)
        self._held: set[str] = set()
        """Descriptors of open schedstat files."""
        self._one_shot = one_shot
        self._under_way: FdScan | None = None
        self._may_hold = 0 if one_shot else _may_hold()
        self.pids_read: set[int] = set()
        """The processes that the last read had to scan."""

    def prefetch(self) -> None:
        """Start a first scan in forked processes, if it is a long one; `read` completes it.

        Raises:
            HostError: /proc cannot be listed.
        """
        if self._under_way is None and not self._known:
            self._under_way = start_fd_scan(self._proc, list_pids(self._proc))

    def read(self, asked: Set[int] | None = None) -> Holders:
        """All holders of all sockets, now.

        Processes whose descriptors this user may not see hold nothing that is seen.

        Args:
            asked: Inodes, if only their holders are needed. Where there is very much to read, one
                more holder of a socket that has one may show only in the next read of everything.

        Raises:
            HostError: /proc cannot be listed, or no more files can be opened.
        """
        self.pids_read.clear()
        if self._one_shot or not self._known:
            asked = None  # nothing is known that could stand
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            self._take_over(under_way.result())
        if self._held_by.forget_unused(len(self._known)):
            self._sets = ()
        changed = self._changed(asked)
        self._read(sorted(changed))
        if not self._sets:
            self._sets = tuple(self._members(pids) for pids in self._held_by.pids)
        return Holders(self._held_by.set_of, self._sets)

    def _changed(self, asked: Set[int] | None) -> Set[int]:
        """The processes that must be scanned."""
        new = self._new_processes(list_names(self._proc))
        if asked is None:
            return new | self._may_have_changed()
        held = self._held_by.held_of(asked)
        is_all = len(self._known) <= _FEW
        changed = new | self._may_have_changed(None if is_all else held.keys())
        own = changed & {self._pid}  # which is read in no time
        return within_rescan_budget(self._proc, changed - own, self._known, held) | own

    def _new_processes(self, names: list[str]) -> set[int]:
        """New processes; those that are gone are dropped."""
        if names == self._names:
            return set()
        self._names = names
        there = pids_among(names)
        for pid in self._known.keys() - there:
            self._drop(pid)
        new = there - self._known.keys()
        for pid in new:
            self._keep(pid, UNREAD)
        return new

    def _may_have_changed(self, among: Set[int] | None = None) -> set[int]:
        """Known processes that may differ from their scan; `among`: only some are checked."""
        known = self._known
        others = self._others if among is None else self._others & among
        ran = {pid for pid in others if known[pid].may_differ(self._proc, pid)}
        return ran.union(self._idle.have_run(among))

    def known_schedstats(self) -> Mapping[int, bytes]:
        """By pid its schedstat at its last scan."""
        return {pid: known.schedstat for pid, known in self._known.items()}

    def _read(self, pids: Sequence[int]) -> None:
        """Schedstat first: what happens from then on shows in the next read."""
        own = self._pid
        # This process runs whenever it reads: its own schedstat says nothing.
        others = () if self._one_shot else (pid for pid in pids if pid != own)
        ran = {pid: self._take_hold(pid) for pid in others}
        for pid in pids:
            if pid == own:
                sockets = self._own.sockets(self._held)
            else:
                sockets = held_sockets(f"{self._proc}/{pid}/fd")
            self._learn(pid, ProcessFds(sockets, ran.get(pid, b"")))

    def _learn(self, pid: int, found: ProcessFds) -> None:
        """Replace what was known of a process."""
        self.pids_read.add(pid)
        known, sockets = self._known.get(pid, UNREAD), found.sockets
        self._held_by.change(pid, known.sockets.keys(), sockets.keys())
        if pid == self._pid and known.text:
            text: ProcessText | None = known.text  # it does not rename itself
        else:
            text = read_text(pid) if sockets else None
        if sockets.keys() != known.sockets.keys() or text != known.text:
            self._sets = ()
        if text != known.text:
            known = known._replace(text=text, process=text.process() if text else None)
        self._keep(pid, known._replace(schedstat=found.schedstat, sockets=sockets))

    def _keep(self, pid: int, known: ProcessScan) -> None:
        self._known[pid] = known
        count = known.only_count
        if count is None:
            self._idle.forget(pid)
            self._others.add(pid)
        else:
            self._idle.watch(pid, count, known.schedstat)
            self._others.discard(pid)

    def _take_over(self, found: Mapping[int, ProcessFds]) -> None:
        """Take what forked processes have read."""
        for pid, each in found.items():
            self._learn(pid, each)
            if not self._one_shot:
                held = self._take_hold(pid)
                # What is the same by name, now that it is held, was the same when it was read.
                is_same = schedstats_of(f"{self._proc}/{pid}") == each.schedstat
                self._keep(pid, self._known[pid]._replace(schedstat=held if is_same else b""))

    def _take_hold(self, pid: int) -> bytes:
        """Open the schedstat files of a process that is about to be scanned, and read them."""
        self._let_go(pid)
        directory = f"{self._proc}/{pid}"
        threads = hold_threads(directory, self._may_hold - len(self._held))
        if threads is None:
            return schedstats_of(directory)
        self._held.update(map(str, threads.counts))
        self._keep(pid, self._known.get(pid, UNREAD)._replace(schedstat=b"", threads=threads))
        if len(thread_names(directory)) != len(threads.counts):
            return b""  # a thread started meanwhile: what it did is unknown
        return threads.schedstat()

    def _let_go(self, pid: int) -> None:
        known = self._known.get(pid)
        if known is not None and known.threads is not None:
            self._held.difference_update(map(str, known.threads.counts))
            known.threads.close()
            self._keep(pid, known._replace(schedstat=b"", threads=None))

    def _drop(self, pid: int) -> None:
        self._let_go(pid)
        gone = self._known.pop(pid)
        self._others.discard(pid)
        self._held_by.change(pid, gone.sockets.keys(), set())
        if gone.sockets:
            self._sets = ()

    def _members(self, pids: tuple[int, ...]) -> tuple[Process, ...]:
        known = (self._known.get(pid) for pid in pids)
        return tuple(each.process for each in known if each and each.process)

    def __del__(self) -> None:
        """Close all schedstat files."""
        for known in self._known.values():
            if known.threads is not None:
                known.threads.close()


def _may_hold() -> int:
    """How many files it may keep open: half of what this process may."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(soft // 2, _MOST_HELD)


class HolderSets:
    """Which pids hold each socket, as numbered sets: nearly all sockets share a few of them."""

    def __init__(self) -> None:
        self.set_of: dict[int, int] = {}
        """By inode the number of its holder set."""
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self._pids_of: dict[int, tuple[int, ...]] = {}

    @property
    def pids(self) -> Iterable[tuple[int, ...]]:
        """Of each set, in the order of their numbers."""
        return self._numbers

    def held_of(self, inodes: Iterable[int]) -> dict[int, list[int]]:
        """By pid the sockets that it holds of these, by inode."""
        held: dict[int, list[int]] = {}
        for inode in inodes:
            for pid in self._pids_of.get(inode, ()):
                held.setdefault(pid, []).append(inode)
        return held

    def change(self, pid: int, before: Set[int], after: Set[int]) -> None:
        """A process holds the inodes `after` now, and held `before`."""
        gone, come = before - after, after - before
        for inode in gone:
            self._hold(inode, tuple(each for each in self._pids_of[inode] if each != pid))
        alone = (pid,)
        number = self._number(alone) if after else 0
        for inode in come:
            others = self._pids_of.get(inode)
            if others is None:
                self._pids_of[inode], self.set_of[inode] = alone, number
            else:
                self._hold(inode, tuple(sorted((*others, pid))))

    def forget_unused(self, processes: int) -> bool:
        """Renumber if there are many more sets than processes; True if so."""
        if len(self._numbers) <= _MOST_UNUSED + processes:
            return False
        self._numbers = {(): 0}
        for inode, pids in self._pids_of.items():
            self.set_of[inode] = self._number(pids)
        return True

    def _hold(self, inode: int, pids: tuple[int, ...]) -> None:
        if not pids:
            del self._pids_of[inode], self.set_of[inode]
            return
        self._pids_of[inode] = pids
        self.set_of[inode] = self._number(pids)

    def _number(self, pids: tuple[int, ...]) -> int:
        return self._numbers.setdefault(pids, len(self._numbers))
