"""Which processes hold each socket. Nearly all sockets of a process have no other holder, so there
are few groups of processes, and each has a number."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Set
from itertools import repeat
from typing import NamedTuple

from porttui.model.process import Process
from porttui.model.socket_table import NOBODY

_SELDOM = 4
"""One in so many."""
_MOST_UNUSED = 4096
"""Groups that no socket has any more are forgotten when there are so many."""


class Holders(NamedTuple):
    """Who holds what, at one moment."""

    group_of: Mapping[int, int]
    """For each socket's inode the place of its holders in `groups`."""
    groups: tuple[tuple[Process, ...], ...]
    """The first is empty: nobody."""

    def groups_in(self, inodes: array[int]) -> array[int]:
        """For each socket of a column the place of its holders in `groups`; NOBODY without any."""
        return array("I", map(self.group_of.get, inodes, repeat(NOBODY)))


class HolderGroups:
    """The holders of all sockets, by pid."""

    def __init__(self) -> None:
        self.group_of: dict[int, int] = {}
        """By inode the number of the group that holds it."""
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self._pids_of: dict[int, tuple[int, ...]] = {}
        self._unordered = 0

    @property
    def pids(self) -> Iterable[tuple[int, ...]]:
        """Of each group, in the order of their numbers."""
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
                self._pids_of[inode], self.group_of[inode] = alone, number
                self._unordered += 1
            else:
                self._hold(inode, tuple(sorted((*others, pid))))

    def forget_unused(self, processes: int) -> bool:
        """Number the groups anew, if they are many more than there are processes; if so, True."""
        if len(self._numbers) <= _MOST_UNUSED + processes:
            return False
        self._numbers = {(): 0}
        for inode, pids in self._pids_of.items():
            self.group_of[inode] = self._number(pids)
        return True

    def put_in_order(self, inodes: Iterable[int]) -> None:
        """Look-ups in this order take half the time: what is there lies side by side in memory.

        To put it in order takes as long as some of them, so it is done when much is new.
        """
        if self._unordered > len(self.group_of) // _SELDOM:
            group_of = self.group_of
            self.group_of = {each: group_of[each] for each in inodes if each in group_of}
            self.group_of.update(group_of)
            self._unordered = 0

    def _hold(self, inode: int, pids: tuple[int, ...]) -> None:
        if not pids:
            del self._pids_of[inode], self.group_of[inode]
            return
        self._pids_of[inode] = pids
        self.group_of[inode] = self._number(pids)

    def _number(self, pids: tuple[int, ...]) -> int:
        return self._numbers.setdefault(pids, len(self._numbers))
