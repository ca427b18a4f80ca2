"""What is new, just gone or in other hands since it was last looked at."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from enum import StrEnum

from porttui.light_typing import Generic, NamedTuple, Protocol, TypeVar, overload

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
    """Rows that know their keys and signatures without being made one by one."""

    __slots__ = ()

    def keys(self) -> Sequence[Hashable]:
        """Every row's key."""
        raise NotImplementedError

    def signatures(self) -> Sequence[Hashable]:
        """Every row's signature."""
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
        gone: tuple[R, ...] = (),
        marks: Mapping[Hashable, Mark] | None = None,
    ) -> None:
        """`marks`: by key, for rows that have one."""
        self.rows = rows
        self.gone = gone
        self.marks = marks or {}

    @property
    def there(self) -> int:
        """How many rows there are, those just gone not counted."""
        return len(self.rows)

    def keys(self) -> list[Hashable]:
        """Every row's key."""
        return [*_keys(self.rows), *(row.key for row in self.gone)]

    def __len__(self) -> int:
        return len(self.rows) + len(self.gone)

    @overload
    def __getitem__(self, at: int) -> Marked[R]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Marked[R]]: ...
    def __getitem__(self, at: int | slice) -> Marked[R] | Sequence[Marked[R]]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        if at >= len(self.rows):
            return Marked(self.gone[at - len(self.rows)], Mark.GONE)
        row = self.rows[at]
        return Marked(row, self.marks.get(row.key, Mark.NONE) if self.marks else Mark.NONE)

    def __iter__(self) -> Iterator[Marked[R]]:
        return (self[at] for at in range(len(self)))


class Event(NamedTuple, Generic[R]):
    """What happened to a row, at monotonic seconds."""

    mark: Mark
    at: float
    row: R | None
    """The row as it was, when it is gone."""


class Changes(NamedTuple, Generic[R]):
    """The rows of one look, and what is needed to tell the next look's changes."""

    rows: Sequence[R]
    place: Mapping[Hashable, int]
    """Where each key stands in `rows`."""
    signatures: Sequence[Hashable]
    events: Mapping[Hashable, Event[R]]
    """What happened to a key last."""

    @classmethod
    def first(cls, rows: Sequence[R]) -> Changes[R]:
        """The first look: everything is there already, nothing is new."""
        return cls(rows, _places(rows), _signatures(rows), {})

    def then(self, rows: Sequence[R], at: float) -> Changes[R]:
        """The next look, at monotonic time `at` in seconds."""
        place, signatures = _places(rows), _signatures(rows)
        events = {key: event for key, event in self.events.items() if at - event.at < LINGER_S}
        for key, before in self.place.items():
            if key not in place:
                events[key] = Event(Mark.GONE, at, self.rows[before])
        for key, now in place.items():
            known = self.place.get(key)
            if known is None:
                events[key] = Event(Mark.NEW, at, None)
            elif self.signatures[known] != signatures[now]:
                events[key] = Event(Mark.CHANGED, at, None)
        return Changes(rows, place, signatures, events)

    @property
    def shown(self) -> Shown[R]:
        """What is to be seen of it."""
        gone = tuple(
            event.row
            for key, event in self.events.items()
            if event.row is not None and key not in self.place
        )
        marks = {key: event.mark for key, event in self.events.items() if key in self.place}
        return Shown(self.rows, gone, marks)


def _places(rows: Sequence[R]) -> dict[Hashable, int]:
    return {key: at for at, key in enumerate(_keys(rows))}


def _keys(rows: Sequence[R]) -> Sequence[Hashable]:
    return rows.keys() if isinstance(rows, Columnar) else [row.key for row in rows]


def _signatures(rows: Sequence[R]) -> Sequence[Hashable]:
    return rows.signatures() if isinstance(rows, Columnar) else [row.signature for row in rows]
