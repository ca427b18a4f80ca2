"""Where a row has gone when the rows of a table were replaced."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain, islice
from typing import NamedTuple, Protocol, runtime_checkable

from porttui.ui.widgets.columns import Row

NEAR = 64
"""Rows on either side of the old place that are looked at first: rows seldom move far."""

SCANS = 2
"""Neighbours looked for one by one before all the keys are hashed, which costs far more."""

Rows = Sequence[Row[Hashable]]


@runtime_checkable
class KnowsKeys(Protocol):
    """Rows that can tell all their keys without being made one by one."""

    def keys(self) -> Sequence[Hashable]:
        """Every row's key."""


def keys_of(rows: Rows) -> Sequence[Hashable]:
    """Every row's key."""
    return rows.keys() if isinstance(rows, KnowsKeys) else [row.key for row in rows]


def locate(rows: Rows, key: Hashable, near: int) -> int | None:
    """Find the row with this key, quickly if it is close to the index `near`."""
    for index in range(max(0, near - NEAR), min(len(rows), near + NEAR + 1)):
        if rows[index].key == key:
            return index
    try:
        return keys_of(rows).index(key)
    except ValueError:
        return None


def follow(old: Rows, new: Rows, index: int) -> int:
    """Find the place in `new` of the row that was at `index` in `old`.

    If it is gone its place goes to the first survivor after it, or else to the last one before
    it; if none survived, the index itself is kept as far as there are rows. -1 without any row.
    """
    if not new:
        return -1
    if not 0 <= index < len(old):
        return 0
    found = locate(new, old[index].key, index)
    if found is None:
        found = _neighbour(old, new, index)
    return min(index, len(new) - 1) if found is None else found


def _neighbour(old: Rows, new: Rows, index: int) -> int | None:
    candidates = chain(range(index + 1, len(old)), range(index - 1, -1, -1))
    for candidate in islice(candidates, SCANS):
        found = locate(new, old[candidate].key, index)
        if found is not None:
            return found
    places = {key: place for place, key in enumerate(keys_of(new))}
    keys = keys_of(old)
    for candidate in candidates:
        found = places.get(keys[candidate])
        if found is not None:
            return found
    return None


class View(NamedTuple):
    """The part of the rows that is on the screen."""

    top: int
    """Index of the first row in view."""
    page: int
    """Rows that fit into the view; less than 1 while it has no size."""

    def top_after(self, old: Rows, old_cursor: int, new: Rows, cursor: int) -> int:
        """The first row in view once `new` replaced `old` and the cursor went along.

        The cursor's row keeps its line of the screen; if it is out of view the first row in view
        does. At the very top the view stays, for else a new first row would hide above it.
        """
        line = old_cursor - self.top
        in_view = 0 <= line < self.page
        if self.top == 0 and (not in_view or cursor < self.page):
            return 0
        return cursor - line if in_view else follow(old, new, self.top)
