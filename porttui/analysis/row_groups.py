"""The sockets of a sample by all that a filter sees of them besides their endpoints."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from itertools import chain, repeat

from porttui.analysis.filter_columns import RowGroups
from porttui.model.address import Protocol
from porttui.model.socket_table import SocketTable

Services = Mapping[tuple[Protocol, int], str]
"""Names by protocol and port."""


def socket_row_groups(sockets: SocketTable, services: Services) -> RowGroups:
    """The group of each row of the table; made where nobody waits for a key of the filter."""
    columns = (
        sockets.groups,
        sockets.states,
        sockets.ownerships,
        sockets.uids,
        sockets.local_addresses,  # whoever can reach it
        _protocols(sockets),
        _services(sockets, sockets.remote_ports, services),
        _services(sockets, sockets.local_ports, services),
    )
    return RowGroups(zip(*columns, strict=True))


def _protocols(sockets: SocketTable) -> Iterator[Protocol]:
    udp = len(sockets) - sockets.udp_from
    return chain(repeat(Protocol.TCP, sockets.udp_from), repeat(Protocol.UDP, udp))


def _services(sockets: SocketTable, ports: array[int], services: Services) -> Iterator[str | None]:
    """What a column of ports is named, row by row."""
    tcp, udp = (
        {port: name for (protocol, port), name in services.items() if protocol is each}
        for each in (Protocol.TCP, Protocol.UDP)
    )
    return chain(map(tcp.get, ports[: sockets.udp_from]), map(udp.get, ports[sockets.udp_from :]))
