"""The filter over the sockets of a scope, by columns: as row by row, but at once.

What a word can match is the same for all sockets of the same processes, addresses and state, but
for the ports: it is looked for once for each such kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from porttui.analysis.facets import facets_of_socket
from porttui.analysis.filter import (
    Filter,
    PortTerm,
    PrefixTerm,
    Term,
    WordTerm,
    matching,
    port_marks,
)
from porttui.analysis.scope import ScopeRows
from porttui.model.address import Endpoint


def matching_sockets(table: ScopeRows, wanted: Filter) -> list[int]:
    """The rows that meet the filter, in their order."""
    return matching(len(table), wanted, lambda term: _tester(table, term))


def _tester(table: ScopeRows, term: Term) -> Callable[[int], object]:
    if isinstance(term, PortTerm | PrefixTerm):
        return _by_port(table, term.spans)
    if isinstance(term, WordTerm):
        return _by_word(table, term)
    return lambda row: term.meets(facets_of_socket(table[row].socket, table[row].service))


def _by_port(table: ScopeRows, spans: Iterable[range]) -> Callable[[int], int]:
    places, is_meant = table.places, port_marks(spans)
    local, remote = table.sockets.local_ports, table.sockets.remote_ports
    return lambda row: is_meant[local[places[row]]] or is_meant[remote[places[row]]]


def _by_word(table: ScopeRows, term: WordTerm) -> Callable[[int], bool]:
    places, sockets = table.places, table.sockets
    columns = (
        sockets.groups,
        sockets.states,
        sockets.ownerships,
        sockets.uids,
        sockets.local_addresses,
        sockets.remote_addresses,
    )
    known: dict[tuple[object, ...], bool] = {}

    def meets_but_for_ports(place: int) -> bool:
        service = table.service(place)
        kind = (place >= sockets.udp_from, service, *(column[place] for column in columns))
        if kind not in known:
            facets = facets_of_socket(sockets[place], service, with_ports=False)
            known[kind] = term.meets(facets)
        return known[kind]

    # Up to the port an end is spelled the same for all sockets of an address.
    stems = [
        None if each is None else str(Endpoint(each, 0))[:-1] for each in sockets.side.addresses
    ]
    ends = (
        (sockets.local_addresses, sockets.local_ports),
        (sockets.remote_addresses, sockets.remote_ports),
    )

    def meets(row: int) -> bool:
        place = places[row]
        return meets_but_for_ports(place) or any(
            stem is not None and term.word in f"{stem}{ports[place]}"
            for addresses, ports in ends
            for stem in (stems[addresses[place]],)
        )

    return meets
