"""The filter over loopback connections, by columns: the same answer as row by row, at once.

What a word can match is the same for all connections between the same processes and addresses,
but for the ports: it is looked for once for each such kind of connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

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
from porttui.analysis.pair_table import NO_ROW, PairTable


def matching_pairs(table: PairTable, wanted: Filter) -> list[int]:
    """The rows that meet the filter, in their order."""
    return matching(len(table), wanted, lambda term: _tester(table, term))


def _tester(table: PairTable, term: Term) -> Callable[[int], object]:
    if isinstance(term, PortTerm | PrefixTerm):
        return _by_port(table, term.spans)
    if isinstance(term, EndpointTerm) and term.address is None:
        return _by_port(table, (range(term.port, term.port + 1),))
    if isinstance(term, WordTerm):
        return _by_word(table, term)
    return lambda row: term.meets(facets_of_pair(table[row]))


def _by_port(table: PairTable, spans: Iterable[range]) -> Callable[[int], int]:
    is_meant = port_marks(spans).__getitem__
    clients = bytes(map(is_meant, table.client_ports))
    servers = bytes(map(is_meant, table.server_ports))
    # As one number each: a step for all rows together.
    either = int.from_bytes(clients, "big") | int.from_bytes(servers, "big")
    return either.to_bytes(len(table), "big").__getitem__


def _by_word(table: PairTable, term: WordTerm) -> Callable[[int], bool]:
    kinds = _kinds(table)
    known: dict[tuple[int, ...], bool] = {}

    def meets_but_for_ports(row: int) -> bool:
        kind = kinds[row]
        if kind not in known:
            known[kind] = term.meets(facets_of_pair(table[row], with_ports=False))
        return known[kind]

    clients, servers = table.client_ends(), table.server_ends()
    return lambda row: (
        meets_but_for_ports(row) or term.word in clients[row] or term.word in servers[row]
    )


def _kinds(table: PairTable) -> Sequence[tuple[int, ...]]:
    """What tells one kind of connection from another: everything a word can match, less ports."""
    sockets = table.sockets
    columns = (sockets.groups, sockets.local_addresses, sockets.states, sockets.ownerships)
    service = {port: at for at, (_, port) in enumerate(table.services, 1)}

    def end(row: int) -> tuple[int, ...]:
        if row == NO_ROW:
            return (NO_ROW, NO_ROW, NO_ROW, NO_ROW, NO_ROW)
        return (*(column[row] for column in columns), sockets.uids[row])

    return [
        (*end(client), *end(server), service.get(port, 0))
        for client, server, port in zip(
            table.clients, table.servers, table.server_ports, strict=True
        )
    ]
