"""The filter over loopback connections, by columns: the same answer as row by row, at once.

What a word can match is the same for all connections between the same processes and addresses,
but for the ports: it is looked for once for each such kind of connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from porttui.analysis.end_marks import Marks, either, flags, marks_of_end, marks_of_word
from porttui.analysis.facets import facets_of_pair
from porttui.analysis.filter import (
    EndpointTerm,
    Filter,
    PortTerm,
    PrefixTerm,
    Term,
    WordTerm,
    matching,
    port_marks,
)
from porttui.analysis.pair_table import PairTable
from porttui.model.address import Address


def matching_pairs(table: PairTable, wanted: Filter) -> list[int]:
    """The rows that meet the filter, in their order."""
    return matching(len(table), wanted, lambda term: _tester(table, term))


def _tester(table: PairTable, term: Term) -> Callable[[int], object]:
    if isinstance(term, PortTerm | PrefixTerm):
        return _by_port(table, term.spans).__getitem__
    addresses = table.sockets.side.addresses
    if isinstance(term, EndpointTerm):
        return _by_end(table, marks_of_end(addresses, term)).__getitem__
    if isinstance(term, WordTerm):
        by_kind = table.kinds.flags([term.meets(each) for each in table.facets_of_kinds()])
        unmapped = [each and Address.of_packed(each.unmapped) for each in addresses]
        return either(by_kind, _by_end(table, marks_of_word(unmapped, term.word))).__getitem__
    return lambda row: term.meets(facets_of_pair(table[row]))


def _by_port(table: PairTable, spans: Iterable[range]) -> bytes:
    is_meant = port_marks(spans).__getitem__
    return either(
        bytes(map(is_meant, table.client_ports)), bytes(map(is_meant, table.server_ports))
    )


def _by_end(table: PairTable, marks: Marks) -> bytes:
    return either(
        flags(marks, table.client_addresses, table.client_ports),
        flags(marks, table.server_addresses, table.server_ports),
    )
