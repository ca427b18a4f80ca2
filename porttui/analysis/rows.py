"""Tracks rows from sample to sample: new, departed, or held by other processes."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import compress, repeat
from operator import ne

from porttui.record import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from typing import Self

CHANGE_SHOWN_S = 5.0
"""How long a change is shown."""


class RowChange(StrEnum):
    """A recent change of a row."""

    NONE = "none"
    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    """The same address, other processes."""


class KeyedRow(Protocol):
    """A row with a key, and a signature that differs when other processes hold it."""

    @property
    def key(self) -> Hashable:
        """The same for the same row in every sample."""

    @property
    def signature(self) -> Hashable:
        """Differs when the row changed hands."""


class LazyRows:
    """Rows over columns: keys and signatures are read without making a row object."""

    __slots__ = ()

    def keys(self) -> Sequence[Hashable]:
        """Every row's key."""
        raise NotImplementedError

    def signatures(self) -> Sequence[Hashable]:
        """Every row's signature."""
        raise NotImplementedError

    def select(self, indexes: Sequence[int]) -> Self:
        """The rows at these indexes, in their order."""
        raise NotImplementedError


R = TypeVar("R", bound=KeyedRow)


class TrackedRow(NamedTuple, Generic[R]):
    """A row and what happened to it lately."""

    row: R
    change: RowChange = RowChange.NONE

    @property
    def key(self) -> Hashable:
        """The row's."""
        return self.row.key


class TrackedRows(Sequence[TrackedRow[R]]):
    """Present rows, then departed ones, each with its change."""

    __slots__ = ("changes", "departed", "rows")

    def __init__(
        self,
        rows: Sequence[R],
        departed: tuple[Sequence[R], ...] = (),
        changes: Mapping[Hashable, RowChange] | None = None,
    ) -> None:
        """Join the present rows and the departed ones.

        Args:
            rows: The present rows.
            departed: The departed rows, in one sequence for each sample they left in.
            changes: The changes of present rows, by key.
        """
        self.rows = rows
        self.departed = departed
        self.changes = changes or {}

    def equals(self, other: TrackedRows[R]) -> bool:
        """Compare row by row; meant for tables of some hundreds."""
        return (self.rows, self.departed, self.changes) == (
            other.rows,
            other.departed,
            other.changes,
        )

    @property
    def parts(self) -> tuple[Sequence[R], ...]:
        """The present rows, then the departed rows of each sample."""
        return (self.rows, *self.departed)

    @property
    def present_count(self) -> int:
        """The number of present rows."""
        return len(self.rows)

    def keys(self) -> list[Hashable]:
        """Every row's key."""
        return [key for part in self.parts for key in _keys(part)]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @overload
    def __getitem__(self, at: int) -> TrackedRow[R]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[TrackedRow[R]]: ...
    def __getitem__(self, at: int | slice) -> TrackedRow[R] | Sequence[TrackedRow[R]]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        if at < len(self.rows):
            row = self.rows[at]
            return TrackedRow(
                row, self.changes.get(row.key, RowChange.NONE) if self.changes else RowChange.NONE
            )
        at -= len(self.rows)
        for part in self.departed:
            if at < len(part):
                break
            at -= len(part)
        return TrackedRow(part[at], RowChange.GONE)

    def __iter__(self) -> Iterator[TrackedRow[R]]:
        return (self[at] for at in range(len(self)))


class ChangeEvent(NamedTuple):
    """A change of a present row, at monotonic seconds."""

    change: RowChange
    at: float


class DepartedRows(NamedTuple, Generic[R]):
    """Rows that departed between two samples, as last seen."""

    at: float
    """Monotonic seconds."""
    keys: Sequence[Hashable]
    rows: Sequence[R]

    def without(self, returned: Container[Hashable]) -> DepartedRows[R]:
        """The rows whose keys have not returned."""
        left = [at for at, key in enumerate(self.keys) if key not in returned]
        if len(left) == len(self.keys):
            return self
        return DepartedRows(self.at, [self.keys[at] for at in left], _select(self.rows, left))


class RowTracker(NamedTuple, Generic[R]):
    """The rows of one sample, and what is needed to find the changes in the next."""

    rows: Sequence[R]
    indexes: Mapping[Hashable, int]
    """Where each key stands in `rows`."""
    signatures: Sequence[Hashable]
    events: Mapping[Hashable, ChangeEvent]
    """What happened to a key last."""
    departures: tuple[DepartedRows[R], ...] = ()
    """Oldest first. A key is in at most one of them, and in none while its row is present."""

    @classmethod
    def start(cls, rows: Sequence[R]) -> RowTracker[R]:
        """Start with the first sample: no row counts as new."""
        return cls(rows, _indexes(rows), _signatures(rows), {})

    def update(self, rows: Sequence[R], at: float) -> RowTracker[R]:
        """Add the next sample, taken at monotonic seconds `at`."""
        indexes, signatures = _indexes(rows), _signatures(rows)
        events = {
            key: event
            for key, event in self.events.items()
            if at - event.at < CHANGE_SHOWN_S and key in indexes
        }
        unknown = len(self.signatures)
        known = list(map(self.indexes.get, indexes, repeat(unknown)))
        before = map((*self.signatures, None).__getitem__, known)
        after = map(signatures.__getitem__, indexes.values())
        for key, row in compress(zip(indexes, known, strict=True), map(ne, before, after)):
            events[key] = ChangeEvent(RowChange.NEW if row == unknown else RowChange.CHANGED, at)
        return RowTracker(rows, indexes, signatures, events, self._departures(indexes, at))

    def _departures(self, indexes: Container[Hashable], at: float) -> tuple[DepartedRows[R], ...]:
        departures = [
            departure.without(indexes)
            for departure in self.departures
            if at - departure.at < CHANGE_SHOWN_S
        ]
        left = {key: before for key, before in self.indexes.items() if key not in indexes}
        departures.append(DepartedRows(at, list(left), _select(self.rows, list(left.values()))))
        return tuple(departure for departure in departures if departure.keys)

    @property
    def tracked_rows(self) -> TrackedRows[R]:
        """Present and departed rows, with their changes."""
        changes = {key: event.change for key, event in self.events.items()}
        return TrackedRows(
            self.rows, tuple(departure.rows for departure in self.departures), changes
        )


def _indexes(rows: Sequence[R]) -> dict[Hashable, int]:
    keys = _keys(rows)
    return dict(zip(keys, range(len(keys)), strict=True))


def _keys(rows: Sequence[R]) -> Sequence[Hashable]:
    return rows.keys() if isinstance(rows, LazyRows) else [row.key for row in rows]


def _signatures(rows: Sequence[R]) -> Sequence[Hashable]:
    return rows.signatures() if isinstance(rows, LazyRows) else [row.signature for row in rows]


def _select(rows: Sequence[R], indexes: Sequence[int]) -> Sequence[R]:
    return rows.select(indexes) if isinstance(rows, LazyRows) else [rows[at] for at in indexes]
