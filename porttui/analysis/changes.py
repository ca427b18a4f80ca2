"""What is new, just gone or in other hands since it was last looked at."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

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


R = TypeVar("R", bound=Keyed)


class Marked(NamedTuple, Generic[R]):
    """A row and what happened to it lately."""

    row: R
    mark: Mark = Mark.NONE

    @property
    def key(self) -> Hashable:
        """The row's."""
        return self.row.key


class Event(NamedTuple, Generic[R]):
    """What happened to a row, at monotonic seconds."""

    row: R
    mark: Mark
    at: float


class Changes(NamedTuple, Generic[R]):
    """Rows, and what happened to them within the last seconds."""

    marked: tuple[Marked[R], ...]
    """The rows of now, then those just gone."""
    rows: Mapping[Hashable, R]
    """Those of now, by key."""
    events: Mapping[Hashable, Event[R]]
    """What happened to a key last, and when."""

    @classmethod
    def first(cls, rows: Sequence[R]) -> Changes[R]:
        """The first look: everything is there already, nothing is new."""
        return cls(tuple(Marked(row) for row in rows), {row.key: row for row in rows}, {})

    def then(self, rows: Sequence[R], at: float) -> Changes[R]:
        """The next look, at monotonic time `at` in seconds."""
        now: dict[Hashable, R] = {row.key: row for row in rows}
        events = {key: event for key, event in self.events.items() if at - event.at < LINGER_S}
        for key, row in now.items():
            before = self.rows.get(key)
            if before is None:
                events[key] = Event(row, Mark.NEW, at)
            elif before.signature != row.signature:
                events[key] = Event(row, Mark.CHANGED, at)
        for key, row in self.rows.items():
            if key not in now:
                events[key] = Event(row, Mark.GONE, at)
        marked = [
            Marked(row, events[row.key].mark if row.key in events else Mark.NONE) for row in rows
        ]
        marked += [Marked(event.row, Mark.GONE) for key, event in events.items() if key not in now]
        return Changes(tuple(marked), now, events)
