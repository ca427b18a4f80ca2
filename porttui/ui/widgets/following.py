"""Finds a row again after the rows of a table were replaced."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain, islice
from typing import NamedTuple, Protocol, runtime_checkable

from porttui.ui.widgets.columns import Row

NEARBY_ROWS = 64
"""Rows on either side of the old index that are searched first: rows seldom move far."""

MAX_SCANNED_NEIGHBOURS = 2
"""Neighbours searched one by one before all keys are hashed, which costs far more."""

Rows = Sequence[Row[Hashable]]


@runtime_checkable
class HasKeys(Protocol):
    """Rows over columns: all keys are read without making a row."""

    def keys(self) -> Sequence[Hashable]:
        """Every row's key."""


def row_keys(rows: Rows) -> Sequence[Hashable]:
    """Every row's key."""
    return rows.keys() if isinstance(rows, HasKeys) else [row.key for row in rows]


def find_row(rows: Rows, key: Hashable, near: int) -> int | None:
    """Find the row with this key, quickly if it is close to the index `near`."""
    for index in range(max(0, near - NEARBY_ROWS), min(len(rows), near + NEARBY_ROWS + 1)):
        if rows[index].key == key:
            return index
    try:
        return row_keys(rows).index(key)
    except ValueError:
        return None


def follow(old: Rows, new: Rows, index: int) -> int:
    """The index in `new` of the row that was at `index` in `old`.

    If that row is gone: the first surviving row after it, else the last one before it, else the
    same index, if there are so many rows. -1 without rows.
    """
    if not new:
        return -1
    if not 0 <= index < len(old):
        return 0
    new_index = find_row(new, old[index].key, index)
    if new_index is None:
        new_index = _surviving_neighbour(old, new, index)
    return min(index, len(new) - 1) if new_index is None else new_index


def _surviving_neighbour(old: Rows, new: Rows, index: int) -> int | None:
    candidates = chain(range(index + 1, len(old)), range(index - 1, -1, -1))
    for candidate in islice(candidates, MAX_SCANNED_NEIGHBOURS):
        new_index = find_row(new, old[candidate].key, index)
        if new_index is not None:
            return new_index
    new_indexes = {key: index for index, key in enumerate(row_keys(new))}
    keys = row_keys(old)
    for candidate in candidates:
        new_index = new_indexes.get(keys[candidate])
        if new_index is not None:
            return new_index
    return None


class Viewport(NamedTuple):
    """The visible rows of a table."""

    top: int
    """Index of the first row in view."""
    page_size: int
    """The number of visible rows; less than 1 before the first layout."""

    def top_after(self, old: Rows, old_cursor: int, new: Rows, cursor: int) -> int:
        """The first visible row after `new` replaced `old` and the cursor followed its row.

        The cursor's row keeps its line of the screen; if it is out of view the first row in view
        does. At the very top the view stays, for else a new first row would hide above it.
        """
        line = old_cursor - self.top
        in_view = 0 <= line < self.page_size
        if self.top == 0 and (not in_view or cursor < self.page_size):
            return 0
        return cursor - line if in_view else follow(old, new, self.top)
