"""Rows that differ in nothing but their ports, taken together."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Sequence

from porttui.light_typing import NamedTuple


class RowKinds(NamedTuple):
    """Which rows are of one kind."""

    of_row: Sequence[int]
    """The kind of each row, counted from 0."""
    examples: Sequence[int]
    """A row of each kind."""

    @classmethod
    def of(cls, rows: Iterable[Hashable]) -> RowKinds:
        """Of what tells the kind of each row."""
        of_row = array("I", map(_Numbers().__getitem__, rows))
        first = dict(zip(reversed(of_row), reversed(range(len(of_row))), strict=True))
        return cls(of_row, array("I", [first[kind] for kind in range(len(first))]))

    def flags(self, of_kind: Sequence[bool]) -> bytes:
        """For each row 1 if its kind has it."""
        return bytes(map(bytes(of_kind).__getitem__, self.of_row))


class _Numbers(dict[Hashable, int]):
    def __missing__(self, key: Hashable) -> int:
        number = self[key] = len(self)
        return number
