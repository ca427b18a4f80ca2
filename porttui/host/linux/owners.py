"""All holders of each socket, looked for only where they can have changed.

The rule: a process that has not run since it was read is as it was read. To open, close, dup,
inherit, exec or receive a descriptor, and to change its name or its user, it must run, and nobody
can do it for it. The kernel counts for each thread how long and how often it has run
(/proc/PID/schedstat). While no thread's count has moved, what was read stands; everything else is
read again: processes that ran, new ones, pids that began anew. What has exited is dropped.
Nothing is kept on the strength of a guess, so nothing has to expire.

Where the holders of a few sockets are asked for, among very many processes only those that hold
one of the few, or have just begun, are asked whether they have run. Where busy ones have very many
descriptors, the rest of those are put off (`within_rescan_budget`): until somebody asks for
everything, or for the holder of a socket that has none.

Two things are beyond the rule, and narrow. A count is brought up to date when a thread stops
running and at every clock tick, so a thread that runs at this very moment may be a tick (some ms)
ahead of its count; it shows in the next look. And a process may share its descriptors with one
that is no thread of its (clone(2), CLONE_FILES without CLONE_THREAD), which next to nothing does.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import repeat
from typing import NamedTuple

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

_FEW = 512
"""Processes: so many are all asked whether they have run, in half a millisecond."""
_MOST_HELD = 16384
"""Threads whose counts are held open."""


_MOST_UNUSED = 4096
"""Sets that hold no socket any more are forgotten when there are so many."""


class Holders(NamedTuple):
    """Who holds what, at one moment."""

    set_of: Mapping[int, int]
    """For each socket's inode the place of its holders in `sets`."""
    sets: tuple[tuple[Process, ...], ...]
    """The first is empty: nobody."""

    def sets_of(self, inodes: array[int]) -> array[int]:
        """For each socket of a column the place of its holders in `sets`; NOBODY without any."""
        return array("I", map(self.set_of.get, inodes, repeat(NOBODY)))


class HolderCache:
    """Remembers what was read of each process. Not for two threads at once."""

    def __init__(self, proc: str = "/proc", *, one_shot: bool = False) -> None:
        """`one_shot`: there will be one look, so nothing has to be remembered for another."""
        self._proc = proc
        self._known: dict[int, ProcessScan] = {}
        self._idle = IdleProcesses()
        """Those of `_known` with a single count that is held open."""
        self._others: set[int] = set()
        """The rest of them."""
        self._names: list[str] = []
        """What was in /proc when it was listed, if `_known` has those processes and no others."""
        self._held_by = HolderSets()
        self._sets: tuple[tuple[Process, ...], ...] = ()
        """The processes of its sets; () when something has changed."""
        self._own = OwnDescriptors()
        self._pid = own_pid(proc)
        self._held: set[str] = set()
        """The descriptors of the counts that are held open."""
        self._one_shot = one_shot
        self._under_way: FdScan | None = None
        self._may_hold = 0 if one_shot else _may_hold()
        self.pids_read: set[int] = set()
        """The processes that the last look had to read."""

    def prefetch(self) -> None:
        """Begin to read what has to be read, if that is very much; a look goes on from there.

        Raises:
            HostError: /proc cannot be listed.
        """
        if self._under_way is None and not self._known:
            self._under_way = start_fd_scan(self._proc, list_pids(self._proc))

    def read(self, asked: Set[int] | None = None) -> Holders:
        """All holders of all sockets, now.

        Processes whose descriptors this user may not see hold nothing that is seen.

        Args:
            asked: If only the holders of these sockets are asked for, by inode: where there is
                very much to look at, a process that has none of them is left as it was, and if it
                has come by one that another holds, too, it shows in the next look at everything.

        Raises:
            HostError: /proc cannot be listed, or no more files can be opened.
        """
        self.pids_read.clear()
        if self._one_shot or not self._known:
            asked = None  # there is nothing yet that could be left as it was
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
        """The processes that are to be read."""
        new = self._new_processes(list_names(self._proc))
        if asked is None:
            return new | self._may_have_changed()
        held = self._held_by.held_of(asked)
        is_all = len(self._known) <= _FEW
        changed = new | self._may_have_changed(None if is_all else held.keys())
        own = changed & {self._pid}  # which is read in no time
        return within_rescan_budget(self._proc, changed - own, self._known, held) | own

    def _new_processes(self, names: list[str]) -> set[int]:
        """The processes that are new; those that have gone are forgotten."""
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
        """The known ones that may differ from what was read; `among`: if only some are asked."""
        known = self._known
        others = self._others if among is None else self._others & among
        ran = {pid for pid in others if known[pid].may_differ(self._proc, pid)}
        return ran.union(self._idle.have_run(among))

    def known_schedstats(self) -> Mapping[int, bytes]:
        """By pid, what its threads' counts were when it was read."""
        return {pid: known.schedstat for pid, known in self._known.items()}

    def _read(self, pids: Sequence[int]) -> None:
        """The counts first: what happens from there on shows in the next look."""
        own = self._pid
        # This process runs whenever it looks: it has no use for a count of its own.
        others = () if self._one_shot else (pid for pid in pids if pid != own)
        ran = {pid: self._take_hold(pid) for pid in others}
        for pid in pids:
            if pid == own:
                sockets = self._own.sockets(self._held)
            else:
                sockets = held_sockets(f"{self._proc}/{pid}/fd")
            self._learn(pid, ProcessFds(sockets, ran.get(pid, b"")))

    def _learn(self, pid: int, found: ProcessFds) -> None:
        """What has been read of a process stands in place of what was known."""
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
        """What other processes have read."""
        for pid, each in found.items():
            self._learn(pid, each)
            if not self._one_shot:
                held = self._take_hold(pid)
                # What is the same by name, now that it is held, was the same when it was read.
                is_same = schedstats_of(f"{self._proc}/{pid}") == each.schedstat
                self._keep(pid, self._known[pid]._replace(schedstat=held if is_same else b""))

    def _take_hold(self, pid: int) -> bytes:
        """Of the threads of a process that is about to be read; their counts."""
        self._let_go(pid)
        directory = f"{self._proc}/{pid}"
        threads = hold_threads(directory, self._may_hold - len(self._held))
        if threads is None:
            return schedstats_of(directory)
        self._held.update(map(str, threads.counts))
        self._keep(pid, self._known.get(pid, UNREAD)._replace(schedstat=b"", threads=threads))
        if len(thread_names(directory)) != len(threads.counts):
            return b""  # a thread began before the others' counts were read: who knows what it did
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
        """Let go of all threads."""
        for known in self._known.values():
            if known.threads is not None:
                known.threads.close()


def _may_hold() -> int:
    """How many files it may keep open: half of what this process may."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(soft // 2, _MOST_HELD)


class HolderSets:
    """The holders of all sockets, by pid."""

    def __init__(self) -> None:
        self.set_of: dict[int, int] = {}
        """By inode the number of the set that holds it."""
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self._pids_of: dict[int, tuple[int, ...]] = {}

    @property
    def pids(self) -> Iterable[tuple[int, ...]]:
        """Of each set, in the order of their numbers."""
        return self._numbers

    def held_of(self, inodes: Iterable[int]) -> dict[int, list[int]]:
        """For each process that holds some of these sockets which ones, by inode."""
        held: dict[int, list[int]] = {}
        for inode in inodes:
            for pid in self._pids_of.get(inode, ()):
                held.setdefault(pid, []).append(inode)
        return held

    def change(self, pid: int, before: Set[int], after: Set[int]) -> None:
        """A process holds these sockets now, by inode, where it held those before."""
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
        """Number the sets anew, if they are many more than there are processes; if so, True."""
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
