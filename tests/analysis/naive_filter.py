"""The filter row by row, as its syntax is told: the judge of the one by columns."""

from __future__ import annotations

from porttui.analysis.filter import (
    EndpointTerm,
    Filter,
    PortTerm,
    PrefixTerm,
    Term,
    WordTerm,
    parse_filter,
)
from porttui.analysis.filter_columns import Searchable, SearchableRows, matching_rows
from porttui.model.address import Address


def is_found(typed: str, row: Searchable) -> bool:
    """Whether porttui finds the row; the judge must say so, too."""
    row_filter = parse_filter(typed)
    found = matching_rows(SearchableRows([row]), row_filter) == [0]
    assert found is meets(row_filter, row)
    return found


def meets(row_filter: Filter, row: Searchable) -> bool:
    """Whether the row meets every term."""
    return all(_meets(term, row) for term in row_filter.terms)


def _meets(term: Term, row: Searchable) -> bool:
    if isinstance(term, PortTerm):
        return any(term.first <= end.port <= term.last for end in row.endpoints)
    if isinstance(term, PrefixTerm):
        return any(str(end.port).startswith(term.digits) for end in row.endpoints)
    if isinstance(term, EndpointTerm):
        return any(
            end.port == term.port and _is_at(term.address, end.address) for end in row.endpoints
        )
    assert isinstance(term, WordTerm)
    addresses = (end.address.text for end in row.endpoints)
    said = (row.text, *addresses, *map(str, row.endpoints))
    return any(term.word in each.lower() for each in said)


def _is_at(meant: Address | None, address: Address) -> bool:
    return address.is_loopback if meant is None else address.unmapped == meant.unmapped
