"""What is new, just gone or in other hands since it was last looked at."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import compress, repeat
from operator import ne

from porttui.record import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from typing import Self

LINGER_S = 5.0
"""How long a mark stays, so that an eye elsewhere on the screen still catches it."""


class Mark(StrEnum):
    """What happened to a row lately."""

    NONE = "none"
    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    """The same address, other processes."""


class Keyed(Protocol):
    """A row that can be told from others and from its own former self."""

    @property
    def key(self) -> Hashable:
        """The same for the same row in every sample."""

    @property
    def signature(self) -> Hashable:
        """Differs when the row changed hands."""


class Columnar:
    """Rows that are told and taken together, without being made one by one."""

    __slots__ = ()

    def keys(self) -> Sequence[Hashable]:
        """Every row's key."""
        raise NotImplementedError

    def signatures(self) -> Sequence[Hashable]:
        """Every row's signature."""
        raise NotImplementedError

    def only(self, places: Sequence[int]) -> Self:
        """The rows at these places, in their order."""
        raise NotImplementedError


R = TypeVar("R", bound=Keyed)


class Marked(NamedTuple, Generic[R]):
    """A row and what happened to it lately."""

    row: R
    mark: Mark = Mark.NONE

    @property
    def key(self) -> Hashable:
        """The row's."""
        return self.row.key


class Shown(Sequence[Marked[R]]):
    """The rows of now, then those just gone; each is marked when somebody looks at it."""

    __slots__ = ("gone", "marks", "rows")

    def __init__(
        self,
        rows: Sequence[R],
        gone: tuple[Sequence[R], ...] = (),
        marks: Mapping[Hashable, Mark] | None = None,
    ) -> None:
        """Rows of now, and of former looks.

        Args:
            rows: What is there.
            gone: What is not any more: those that went together are together.
            marks: By key, for the rows of now that have one.
        """
        self.rows = rows
        self.gone = gone
        self.marks = marks or {}

    def is_like(self, other: Shown[R]) -> bool:
        """Whether both are to be seen as one: row by row, for tables of some hundreds."""
        return (self.rows, self.gone, self.marks) == (other.rows, other.gone, other.marks)

    @property
    def parts(self) -> tuple[Sequence[R], ...]:
        """The rows of now, and those of each departure: one behind the other they are all."""
        return (self.rows, *self.gone)

    @property
    def there(self) -> int:
        """How many rows there are, those just gone not counted."""
        return len(self.rows)

    def keys(self) -> list[Hashable]:
        """Every row's key."""
        return [key for part in self.parts for key in _keys(part)]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @overload
    def __getitem__(self, at: int) -> Marked[R]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Marked[R]]: ...
    def __getitem__(self, at: int | slice) -> Marked[R] | Sequence[Marked[R]]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        if at < len(self.rows):
            row = self.rows[at]
            return Marked(row, self.marks.get(row.key, Mark.NONE) if self.marks else Mark.NONE)
        at -= len(self.rows)
        for part in self.gone:
            if at < len(part):
                break
            at -= len(part)
        return Marked(part[at], Mark.GONE)

    def __iter__(self) -> Iterator[Marked[R]]:
        return (self[at] for at in range(len(self)))


class Event(NamedTuple):
    """What happened to a row that is there, at monotonic seconds."""

    mark: Mark
    at: float


class Departure(NamedTuple, Generic[R]):
    """Rows that went between two looks, as they were last seen."""

    at: float
    """Monotonic seconds."""
    keys: Sequence[Hashable]
    rows: Sequence[R]

    def without(self, back: Container[Hashable]) -> Departure[R]:
        """What is left of it when these keys are there again."""
        left = [at for at, key in enumerate(self.keys) if key not in back]
        if len(left) == len(self.keys):
            return self
        return Departure(self.at, [self.keys[at] for at in left], _only(self.rows, left))


class Changes(NamedTuple, Generic[R]):
    """The rows of one look, and what is needed to tell the next look's changes."""

    rows: Sequence[R]
    place: Mapping[Hashable, int]
    """Where each key stands in `rows`."""
    signatures: Sequence[Hashable]
    events: Mapping[Hashable, Event]
    """What happened to a key last."""
    departures: tuple[Departure[R], ...] = ()
    """The oldest first; a key is in one of them at most, and in none while it is there."""

    @classmethod
    def first(cls, rows: Sequence[R]) -> Changes[R]:
        """The first look: everything is there already, nothing is new."""
        return cls(rows, _places(rows), _signatures(rows), {})

    def then(self, rows: Sequence[R], at: float) -> Changes[R]:
        """The next look, at monotonic time `at` in seconds."""
        place, signatures = _places(rows), _signatures(rows)
        events = {
            key: event
            for key, event in self.events.items()
            if at - event.at < LINGER_S and key in place
        }
        unknown = len(self.signatures)
        known = list(map(self.place.get, place, repeat(unknown)))
        before = map((*self.signatures, None).__getitem__, known)
        after = map(signatures.__getitem__, place.values())
        for key, row in compress(zip(place, known, strict=True), map(ne, before, after)):
            events[key] = Event(Mark.NEW if row == unknown else Mark.CHANGED, at)
        return Changes(rows, place, signatures, events, self._departures(place, at))

    def _departures(self, place: Container[Hashable], at: float) -> tuple[Departure[R], ...]:
        lingering = [each.without(place) for each in self.departures if at - each.at < LINGER_S]
        left = {key: before for key, before in self.place.items() if key not in place}
        lingering.append(Departure(at, list(left), _only(self.rows, list(left.values()))))
        return tuple(each for each in lingering if each.keys)

    @property
    def shown(self) -> Shown[R]:
        """What is to be seen of it."""
        marks = {key: event.mark for key, event in self.events.items()}
        return Shown(self.rows, tuple(each.rows for each in self.departures), marks)


def _places(rows: Sequence[R]) -> dict[Hashable, int]:
    keys = _keys(rows)
    return dict(zip(keys, range(len(keys)), strict=True))


def _keys(rows: Sequence[R]) -> Sequence[Hashable]:
    return rows.keys() if isinstance(rows, Columnar) else [row.key for row in rows]


def _signatures(rows: Sequence[R]) -> Sequence[Hashable]:
    return rows.signatures() if isinstance(rows, Columnar) else [row.signature for row in rows]


def _only(rows: Sequence[R], places: Sequence[int]) -> Sequence[R]:
    return rows.only(places) if isinstance(rows, Columnar) else [rows[at] for at in places]
