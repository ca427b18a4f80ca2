"""The filter over the sockets of a scope, by columns: as row by row, but at once.

What a word can match is the same for all sockets of the same processes, addresses and state, but
for the ports: it is looked for once for each such kind.
"""

from __future__ import annotations

from collections.abc import Callable

from porttui.analysis.end_marks import (
    Marks,
    either,
    flags,
    marks_of_end,
    marks_of_ports,
    marks_of_word,
)
from porttui.analysis.facets import facets_of_socket
from porttui.analysis.filter import (
    EndpointTerm,
    Filter,
    PortTerm,
    PrefixTerm,
    Term,
    WordTerm,
    matching,
)
from porttui.analysis.scope import ScopeRows


def matching_sockets(table: ScopeRows, wanted: Filter) -> list[int]:
    """The rows that meet the filter, in their order."""
    return matching(len(table), wanted, lambda term: _tester(table, term))


def _tester(table: ScopeRows, term: Term) -> Callable[[int], object]:
    addresses = table.sockets.side.addresses
    if isinstance(term, PortTerm | PrefixTerm):
        return _by_end(table, marks_of_ports(addresses, term.spans)).__getitem__
    if isinstance(term, EndpointTerm):
        return _by_end(table, marks_of_end(addresses, term)).__getitem__
    if isinstance(term, WordTerm):
        by_kind = table.kinds.flags([term.meets(each) for each in table.facets_of_kinds()])
        return either(by_kind, _by_end(table, marks_of_word(addresses, term.word))).__getitem__
    return lambda row: term.meets(facets_of_socket(table[row].socket, table[row].service))


def _by_end(table: ScopeRows, marks: Marks) -> bytes:
    local, remote = table.ends
    return either(flags(marks, *local), flags(marks, *remote))
