"""The filter over tens of thousands of rows, by columns: as row by row, but at once.

Their ends have few different addresses: which ports a term means is found once for each of these.
What else a word can match is the same for all rows of a kind: it is looked for once for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from porttui.analysis.filter import Filter
from porttui.analysis.filter_columns import Ends
from porttui.analysis.flags import any_of, both, looked_up, rows_of
from porttui.analysis.terms import NO_PORT, Facets, Term, WordTerm
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
    left = b"\x01" * len(table)
    for term in wanted.terms:
        left = both(left, _flags(table, term))
    return rows_of(left)


def _flags(table: Columns, term: Term) -> bytes:
    """For each row 1 if it meets the term."""
    found = [bytes(len(table)), *_of_ends(table, term)]
    if isinstance(term, WordTerm):  # the others are of ends alone
        found.append(table.flags_of_kinds(term.meets))
    return any_of(found)


def _of_ends(table: Columns, term: Term) -> Iterator[bytes]:
    """For some ends of every row 1 if they meet."""
    for ports, addresses in _places(table.addresses, term).items():
        for ends in table.ends:
            at_address = looked_up(addresses, ends.addresses)
            yield both(at_address, looked_up(ports, ends.ports))


def _places(addresses: Sequence[Address | None], term: Term) -> dict[bytes, bytes]:
    """The addresses, 1 for each, by the ports that meet there; not those where none does."""
    if term.ports is not None:
        return {term.ports: bytes(each is not None for each in addresses)}
    places: dict[bytes, bytearray] = {}
    for at, address in enumerate(addresses):
        ports = NO_PORT if address is None else term.ports_at(address)
        if ports is not NO_PORT:
            places.setdefault(ports, bytearray(len(addresses)))[at] = 1
    return {ports: bytes(each) for ports, each in places.items()}
