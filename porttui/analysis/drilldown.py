"""Drilldown: the sockets of one port range or destination, as rows over the socket table."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from porttui.analysis.filter_columns import (
    EndpointColumns,
    RowGroups,
    Services,
    matching_rows,
    socket_text,
)
from porttui.analysis.loopback_rows import address_numbers
from porttui.analysis.rows import SampledRows
from porttui.forecast.gauges import Resource
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.kernel import PortRange, range_bitmap
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket
from porttui.model.socket_table import NO_ADDRESS, STATES, SocketTable
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from porttui.analysis.filter import Filter
    from porttui.analysis.usage import PressureRow


class Drilldown(NamedTuple):
    """Which sockets: all conditions that are given hold for each."""

    title: str
    ports: PortRange | None = None
    """That their local ports lie in."""
    protocol: Protocol | None = None
    local: Address | None = None
    remote: Endpoint | None = None


def drilldown_of(row: PressureRow, ephemeral: PortRange | None) -> Drilldown | None:
    """The sockets that a row is about; None for limits that are none of ports."""
    if row.usage is not None:
        return Drilldown(f"{row.usage.key} {row.usage.range}", ports=row.usage.range)
    gauge = row.gauge
    if gauge is None or ephemeral is None:
        return None
    if gauge.destination is not None:
        local, remote = gauge.destination.local, gauge.destination.remote
        title = f"{local} → {remote}"
        return Drilldown(title, protocol=Protocol.TCP, local=local, remote=remote)
    if gauge.resource in (Resource.BIND, Resource.TCP_RANGE):
        return Drilldown(f"TCP ports {ephemeral}", ports=ephemeral, protocol=Protocol.TCP)
    if gauge.resource in (Resource.UDP, Resource.UDP_RANGE):
        return Drilldown(f"UDP ports {ephemeral}", ports=ephemeral, protocol=Protocol.UDP)
    return None


class SocketRow(NamedTuple):
    socket: Socket
    key: tuple[int, int, int, int, str]
    """Protocol, both ends and the zone; an inode where there is no remote end, for addresses that
    are shared (SO_REUSEPORT). A connection keeps it from its beginning to the end of TIME_WAIT."""
    service: str | None = None
    """The remote port's, or else the local one's."""

    @property
    def signature(self) -> tuple[object, ...]:
        return tuple(process.identity for process in self.socket.holders)


class DrilldownRows(SampledRows[SocketRow]):
    """Some rows of the socket table."""

    __slots__ = ("_endpoints", "_row_groups", "rows", "services", "sockets")

    def __init__(
        self, sockets: SocketTable, services: Services, row_groups: RowGroups, rows: array[int]
    ) -> None:
        """Rows of a socket table.

        Args:
            sockets: All of the sample.
            services: Names of ports.
            row_groups: The `socket_row_groups` of the table.
            rows: The rows of the table to show.
        """
        self.sockets = sockets
        self.services = services
        self.rows = rows
        self._row_groups = row_groups
        self._endpoints: tuple[EndpointColumns, EndpointColumns] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> SocketRow:
        row = self.rows[index]
        return SocketRow(self.sockets[row], self._keys([row])[0], self.service(row))

    def keys(self) -> list[tuple[int, int, int, int, str]]:
        return self._keys(self.rows)

    def matching(self, row_filter: Filter) -> list[int]:
        return matching_rows(self, row_filter)

    @property
    def addresses(self) -> Sequence[Address | None]:
        return self.sockets.side.addresses

    def rows_containing(self, word: str) -> bytes:
        def text_at(row: int) -> str:
            return socket_text(self.sockets[row], self.service(row))

        bitmap = self._row_groups.rows_containing(word, text_at)
        return bytes(map(bitmap.__getitem__, self.rows))

    @property
    def endpoints(self) -> tuple[EndpointColumns, EndpointColumns]:
        if self._endpoints is None:
            sockets, rows = self.sockets, self.rows

            def of(addresses: array[int], ports: array[int]) -> EndpointColumns:
                return EndpointColumns(
                    array("I", map(addresses.__getitem__, rows)),
                    array("H", map(ports.__getitem__, rows)),
                )

            self._endpoints = (
                of(sockets.local_addresses, sockets.local_ports),
                of(sockets.remote_addresses, sockets.remote_ports),
            )
        return self._endpoints

    def local_ports(self) -> Sequence[int]:
        return self.endpoints[0].ports

    def remote_ports(self) -> list[int]:
        """The remote port of every row; -1 without a remote end."""
        addresses, ports = self.endpoints[1]
        return [
            port if address != NO_ADDRESS else -1
            for address, port in zip(addresses, ports, strict=True)
        ]

    def states(self) -> list[str]:
        """The state of every row as text; "" for UDP."""
        names = [state.value if state else "" for state in STATES]
        return [names[self.sockets.states[row]] for row in self.rows]

    def process_names(self) -> list[str]:
        """Sort keys: the first holder's name; rows without a holder are last."""
        names = self.sockets.holder_names()
        return [names[self.sockets.holder_sets[row]] for row in self.rows]

    def users(self) -> list[str]:
        """Sort keys: the user's name; rows without a user are last."""
        users = self.sockets.side.users
        return [users.get(self.sockets.uids[row], "\uffff") for row in self.rows]

    def service(self, row: int) -> str | None:
        """The service that the socket at this row of the table is about."""
        sockets = self.sockets
        protocol = Protocol.TCP if row < sockets.udp_start else Protocol.UDP
        ports = (sockets.remote_ports[row], sockets.local_ports[row])
        names = (self.services.get((protocol, port)) for port in ports)
        return next((name for name in names if name), None)

    def _keys(self, rows: Sequence[int]) -> list[tuple[int, int, int, int, str]]:
        sockets = self.sockets
        numbers = address_numbers(sockets)
        local, remote = sockets.local_addresses, sockets.remote_addresses
        zones = [address.zone if address else "" for address in sockets.side.addresses]
        keys = []
        for row in rows:
            far = numbers[remote[row]]
            keys.append(
                (
                    int(row >= sockets.udp_start),
                    numbers[local[row]] | sockets.local_ports[row],
                    far | sockets.remote_ports[row] if far else 0,
                    0 if far else sockets.inodes[row],
                    zones[local[row]],
                )
            )
        return keys


def drilldown_rows(
    snapshot: Snapshot, row_groups: RowGroups, drilldown: Drilldown
) -> DrilldownRows:
    """The sockets that are meant, by local port, TCP before UDP.

    `row_groups`: the `socket_row_groups` of the snapshot.
    """
    sockets = snapshot.sockets
    start = sockets.udp_start if drilldown.protocol is Protocol.UDP else 0
    end = sockets.udp_start if drilldown.protocol is Protocol.TCP else len(sockets)
    rows: Sequence[int] = range(start, end)
    if drilldown.remote is not None:
        far_port = drilldown.remote.port
        far = _address_numbers_of(sockets, drilldown.remote.address)
        ports, addresses = sockets.remote_ports, sockets.remote_addresses
        rows = [at for at in rows if ports[at] == far_port and addresses[at] in far]
    if drilldown.local is not None:
        near, addresses = _address_numbers_of(sockets, drilldown.local), sockets.local_addresses
        rows = [at for at in rows if addresses[at] in near]
    if drilldown.ports is not None:
        inside = range_bitmap(drilldown.ports)
        ports = sockets.local_ports
        rows = [at for at in rows if inside[ports[at]]]
    in_order = sorted(rows, key=sockets.local_ports.__getitem__)
    return DrilldownRows(sockets, snapshot.services, row_groups, array("I", in_order))


def _address_numbers_of(sockets: SocketTable, address: Address) -> frozenset[int]:
    """Of an address and its IPv4-mapped spelling."""
    return frozenset(
        number
        for number, candidate in enumerate(sockets.side.addresses)
        if candidate is not None
        and (candidate.unmapped, candidate.zone) == (address.unmapped, address.zone)
    )
