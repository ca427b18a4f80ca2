"""What a filter reads of rows by the thousand: their ends, and what else they say."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from porttui.analysis.terms import Facets


class Ends(NamedTuple):
    """One end of every row."""

    addresses: array[int]
    """Their numbers."""
    ports: array[int]


class RowKinds:
    """Rows that differ in nothing but their ends, taken together."""

    __slots__ = ("_facets", "examples", "of_row")

    def __init__(self, rows: Iterable[Hashable]) -> None:
        """`rows`: of every row all that a filter sees of it, but for its ends."""
        self.of_row = array("I", map(_Numbers().__getitem__, rows))
        """The kind of each row, counted from 0."""
        first = dict(zip(reversed(self.of_row), reversed(range(len(self.of_row))), strict=True))
        self.examples = array("I", [first[kind] for kind in range(len(first))])
        """A row of each kind."""
        self._facets: Sequence[Facets] | None = None

    def flags(self, meets: Callable[[Facets], bool], facets_of: Callable[[int], Facets]) -> bytes:
        """For each row 1 if its kind meets.

        Args:
            meets: Is asked once for each kind.
            facets_of: What a filter sees of a row; kept for the next key.
        """
        from porttui.analysis.flags import looked_up  # to make them, and to send them, takes none

        if self._facets is None:
            self._facets = [facets_of(row) for row in self.examples]
        return looked_up(bytes(map(meets, self._facets)), self.of_row)


class _Numbers(dict[Hashable, int]):
    def __missing__(self, key: Hashable) -> int:
        number = self[key] = len(self)
        return number
