"""Who holds the sockets of a long column, by what was answered for it the last time.

Of tens of thousands of sockets most stay from one look to the next, and the kernel lists them in
the same order. So a stretch of rows with the inodes that stood in a row before has the holders
that it had, unless one of these inodes has passed into other hands: the cache of holders knows of
each, and tells. What is new is looked up, with the stretch around it.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Mapping

from porttui.host.linux.holders import look_up

LONG = 4096
"""Rows: fewer are looked up, which is as quick."""
_STRETCH = 128
"""Rows that are compared at once."""
_HOPELESS = 16
"""Stretches: where so many on end differ, the rest will."""


class HeldColumns:
    """The columns of the last looks."""

    def __init__(self) -> None:
        self._columns: dict[Hashable, _Column] = {}

    def moved(self, inodes: Iterable[int]) -> None:
        """These have other holders than they had, or are in another group."""
        for name, column in tuple(self._columns.items()):
            column.moved.update(inodes)
            if len(column.moved) > column.rows:
                # Next to nothing of it stands, or nobody has asked for it for long.
                del self._columns[name]

    def forget(self) -> None:
        """The groups have other numbers than they had."""
        self._columns.clear()

    def groups(self, name: Hashable, inodes: array[int], group_of: Mapping[int, int]) -> array[int]:
        """For each socket the number of its holders' group, NOBODY where there is none.

        Args:
            name: Of the column, the same at each look.
            inodes: The sockets'.
            group_of: By inode.
        """
        if len(inodes) < LONG:
            return look_up(inodes, group_of)
        before = self._columns.get(name)
        groups = before.groups_now(inodes, group_of) if before else look_up(inodes, group_of)
        self._columns[name] = _Column(inodes, groups)
        return groups


class _Column:
    def __init__(self, inodes: array[int], groups: array[int]) -> None:
        self._inodes = inodes
        self._groups = groups
        self.moved = set[int]()
        """Since then."""

    @property
    def rows(self) -> int:
        return len(self._inodes)

    def groups_now(self, inodes: array[int], group_of: Mapping[int, int]) -> array[int]:
        groups = array("I")
        place, misses = 0, 0
        while len(groups) < len(inodes) and misses < _HOPELESS:
            some = inodes[len(groups) : len(groups) + _STRETCH]
            end = place + len(some)
            stands = self._inodes[place:end] == some
            if stands and (not self.moved or self.moved.isdisjoint(some)):
                groups += self._groups[place:end]
                misses = 0
            else:
                groups += look_up(some, group_of)
                misses += 1
                end = end if stands else self._behind(some[-1], end)
            place = end
        return groups + look_up(inodes[len(groups) :], group_of)

    def _behind(self, inode: int, expected: int) -> int:
        """The place behind that of a socket, if it is near the one that is expected."""
        near = max(0, expected - _STRETCH), expected + _STRETCH
        try:
            return self._inodes.index(inode, *near) + 1
        except ValueError:
            return expected
