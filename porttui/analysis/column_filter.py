"""The filter over tens of thousands of rows, by columns: as row by row, but at once.

Their ends have few different addresses: which ports a term means is found once for each of these.
What else a word can match is the same for all rows of a kind: it is looked for once for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import getitem

from porttui.analysis.filter import Filter
from porttui.analysis.filter_columns import Ends
from porttui.analysis.terms import NO_PORT, Facets, Term, WordTerm
from porttui.light_typing import Protocol
from porttui.model.address import Address


class Columns(Protocol):
    """A table that can be filtered so."""

    def __len__(self) -> int: ...

    @property
    def addresses(self) -> Sequence[Address | None]:
        """By their numbers, as the rows say them; None where there is no end."""

    @property
    def ends(self) -> Sequence[Ends]:
        """Both."""

    def flags_of_kinds(self, meets: Callable[[Facets], bool]) -> bytes:
        """For each row 1 if what it says besides its ends meets."""


def matching_rows(table: Columns, wanted: Filter) -> list[int]:
    """The rows that meet the filter, in their order."""
    left: Iterable[int] = range(len(table))
    for term in wanted.terms:
        left = filter(_flags(table, term).__getitem__, left)
    return list(left)


def _flags(table: Columns, term: Term) -> bytes:
    """For each row 1 if it meets the term."""
    marks = [NO_PORT if each is None else term.ports_at(each) for each in table.addresses]
    found = [bytes(len(table))]
    if any(each != NO_PORT for each in marks):  # as a name is in none
        found += [_of_ends(marks, ends) for ends in table.ends]
    if isinstance(term, WordTerm):  # the others are of ends alone
        found.append(table.flags_of_kinds(term.meets))
    return reduce(_either, found)


def _of_ends(marks: Sequence[bytes], ends: Ends) -> bytes:
    return bytes(map(getitem, map(marks.__getitem__, ends.addresses), ends.ports))


def _either(one: bytes, other: bytes) -> bytes:
    # As one number each: a step for all rows together.
    both = int.from_bytes(one, "big") | int.from_bytes(other, "big")
    return both.to_bytes(len(one), "big")
