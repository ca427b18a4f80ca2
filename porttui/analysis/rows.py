"""Tracks rows from sample to sample: new, departed, or held by other processes."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import compress, repeat
from operator import ne

from porttui.record import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from typing import Any, Self

    from porttui.analysis.filter import Filter

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


T = TypeVar("T")
R = TypeVar("R", bound=KeyedRow)


class LazyRows(Sequence[T]):
    """Rows from a sample to the screen; a row object is made when it is read."""

    __slots__ = ()

    def row(self, index: int) -> T:
        """The row at an index from 0."""
        raise NotImplementedError

    def keys(self) -> Sequence[Hashable]:
        raise NotImplementedError

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        places = range(len(self))[at]
        return self.row(places) if isinstance(places, int) else [self.row(at) for at in places]

    def __iter__(self) -> Iterator[T]:
        return map(self.row, range(len(self)))


class SampledRows(LazyRows[R]):
    """The rows of one sample. Where there can be many, a subclass reads keys from columns."""

    __slots__ = ()

    def keys(self) -> Sequence[Hashable]:
        return [row.key for row in self]

    def signatures(self) -> Sequence[Hashable]:
        return [row.signature for row in self]

    def select(self, indexes: Sequence[int]) -> Self:
        """The rows at these indexes, in their order."""
        raise NotImplementedError

    def matching(self, row_filter: Filter) -> Sequence[int]:
        """The indexes of the rows that match the filter, ascending."""
        raise NotImplementedError


class TrackedRow(NamedTuple, Generic[R]):
    """A row and what happened to it lately."""

    row: R
    change: RowChange = RowChange.NONE

    @property
    def key(self) -> Hashable:
        return self.row.key


class TrackedRows(LazyRows[TrackedRow[R]]):
    """Present rows, then departed ones, each with its change."""

    __slots__ = ("changes", "departed", "present")

    def __init__(
        self,
        present: SampledRows[R],
        departed: tuple[SampledRows[R], ...] = (),
        changes: Mapping[Hashable, RowChange] | None = None,
    ) -> None:
        """Join the present rows and the departed ones.

        Args:
            present: The rows of the last sample.
            departed: The departed rows, in one sequence for each sample they left in.
            changes: The changes of present rows, by key.
        """
        self.present = present
        self.departed = departed
        self.changes = changes or {}

    @property
    def parts(self) -> tuple[SampledRows[R], ...]:
        """The present rows, then the departed rows of each sample."""
        return (self.present, *self.departed)

    def keys(self) -> list[Hashable]:
        return [key for part in self.parts for key in part.keys()]  # noqa: SIM118  no mapping

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def row(self, index: int) -> TrackedRow[R]:
        if index < len(self.present):
            row = self.present.row(index)
            # A key costs time, and is not needed while nothing changes.
            change = self.changes.get(row.key) if self.changes else None
            return TrackedRow(row, change or RowChange.NONE)
        index -= len(self.present)
        for part in self.departed:
            if index < len(part):
                break
            index -= len(part)
        return TrackedRow(part.row(index), RowChange.GONE)

    def matching(self, row_filter: Filter) -> list[int]:
        indexes: list[int] = []
        start = 0
        for part in self.parts:
            indexes += [start + at for at in part.matching(row_filter)]
            start += len(part)
        return indexes

    def sort_keys(self, order: Callable[[SampledRows[R]], Iterable[Any]]) -> list[Any]:
        """For every row what to compare; `order` gives it for the rows of one sample."""
        return [key for part in self.parts for key in order(part)]


class OrderedRows(LazyRows[TrackedRow[R]]):
    """Some tracked rows in some order."""

    __slots__ = ("_order", "_tracked")

    def __init__(self, tracked: TrackedRows[R], order: Sequence[int]) -> None:
        """`order`: indexes in `tracked`."""
        self._tracked = tracked
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    def row(self, index: int) -> TrackedRow[R]:
        return self._tracked.row(self._order[index])

    def keys(self) -> list[Hashable]:
        return list(map(self._tracked.keys().__getitem__, self._order))


class ChangeEvent(NamedTuple):
    """A change of a present row, at monotonic seconds."""

    change: RowChange
    at: float


class DepartedRows(NamedTuple, Generic[R]):
    """Rows that departed between two samples, as last seen."""

    at: float
    """Monotonic seconds."""
    keys: Sequence[Hashable]
    rows: SampledRows[R]

    def without(self, returned: Container[Hashable]) -> DepartedRows[R]:
        """The rows whose keys have not returned."""
        left = [at for at, key in enumerate(self.keys) if key not in returned]
        if len(left) == len(self.keys):
            return self
        return DepartedRows(self.at, [self.keys[at] for at in left], self.rows.select(left))


class RowTracker(NamedTuple, Generic[R]):
    """The rows of one sample, and what is needed to find the changes in the next."""

    rows: SampledRows[R]
    indexes: Mapping[Hashable, int]
    """Where each key stands in `rows`."""
    signatures: Sequence[Hashable]
    events: Mapping[Hashable, ChangeEvent]
    """What happened to a key last."""
    departures: tuple[DepartedRows[R], ...] = ()
    """Oldest first. A key is in at most one of them, and in none while its row is present."""

    @classmethod
    def start(cls, rows: SampledRows[R]) -> RowTracker[R]:
        """Start with the first sample: no row counts as new."""
        return cls(rows, _indexes(rows), rows.signatures(), {})

    def update(self, rows: SampledRows[R], at: float) -> RowTracker[R]:
        """Add the next sample, taken at monotonic seconds `at`."""
        indexes, signatures = _indexes(rows), rows.signatures()
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
        departures.append(DepartedRows(at, list(left), self.rows.select(list(left.values()))))
        return tuple(departure for departure in departures if departure.keys)

    @property
    def tracked_rows(self) -> TrackedRows[R]:
        """Present and departed rows, with their changes."""
        changes = {key: event.change for key, event in self.events.items()}
        return TrackedRows(
            self.rows, tuple(departure.rows for departure in self.departures), changes
        )


def _indexes(rows: SampledRows[R]) -> dict[Hashable, int]:
    keys = rows.keys()
    return dict(zip(keys, range(len(keys)), strict=True))
