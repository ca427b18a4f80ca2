"""The sockets of a range of ports or towards one destination, as rows over the socket table."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from porttui.analysis.end_numbers import end_bases
from porttui.analysis.filter_columns import Endpoints, RowGroups, Services
from porttui.forecast.gauges import Resource
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.port_range import PortRange, range_marks
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Socket
from porttui.model.socket_table import NOWHERE, STATES, SocketTable
from porttui.record import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    from porttui.analysis.pressure import PressureRow


class Scope(NamedTuple):
    """Which sockets: all conditions that are given hold for each."""

    title: str
    ports: PortRange | None = None
    """That their local ports lie in."""
    protocol: Protocol | None = None
    local: Address | None = None
    remote: Endpoint | None = None


def scope_of(row: PressureRow, ephemeral: PortRange | None) -> Scope | None:
    """The sockets that a row is about; None for limits that are none of ports."""
    if row.usage is not None:
        return Scope(f"{row.usage.key} {row.usage.range}", ports=row.usage.range)
    gauge = row.gauge
    if gauge is None or ephemeral is None:
        return None
    if gauge.destination is not None:
        found = gauge.destination
        return Scope(
            f"{found.local} → {found.remote}",
            protocol=Protocol.TCP,
            local=found.local,
            remote=found.remote,
        )
    if gauge.resource in (Resource.BIND, Resource.TCP_RANGE):
        return Scope(f"TCP ports {ephemeral}", ports=ephemeral, protocol=Protocol.TCP)
    if gauge.resource in (Resource.UDP, Resource.UDP_RANGE):
        return Scope(f"UDP ports {ephemeral}", ports=ephemeral, protocol=Protocol.UDP)
    return None


class SocketRow(NamedTuple):
    """One socket."""

    socket: Socket
    key: tuple[int, int, int, int]
    """Protocol and both ends; an inode where there is no remote end, for addresses that are
    shared (SO_REUSEPORT). A connection keeps it from its beginning to the end of TIME_WAIT."""
    service: str | None = None
    """The remote port's, or else the local one's."""

    @property
    def signature(self) -> tuple[object, ...]:
        """Changes when other processes hold the socket."""
        return tuple(each.identity for each in self.socket.holders)


class ScopeRows(Sequence[SocketRow]):
    """A row is made when somebody looks at it."""

    __slots__ = ("_endpoints", "_row_groups", "places", "services", "sockets")

    def __init__(self, snapshot: Snapshot, row_groups: RowGroups, places: array[int]) -> None:
        """`places`: of its rows in the socket table; `row_groups`: of all its sockets."""
        self.sockets: SocketTable = snapshot.sockets
        self.services: Services = snapshot.services
        self.places = places
        self._row_groups = row_groups
        self._endpoints: tuple[Endpoints, Endpoints] | None = None

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int) -> SocketRow: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[SocketRow]: ...
    def __getitem__(self, at: int | slice) -> SocketRow | Sequence[SocketRow]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        place = self.places[at]
        return SocketRow(self.sockets[place], self._keys([place])[0], self.service(place))

    def __iter__(self) -> Iterator[SocketRow]:
        return (self[at] for at in range(len(self)))

    def keys(self) -> list[tuple[int, int, int, int]]:
        """`SocketRow.key` of every row."""
        return self._keys(self.places)

    @property
    def addresses(self) -> Sequence[Address | None]:
        """By their numbers."""
        return self.sockets.side.addresses

    def rows_saying(self, word: str) -> bytes:
        """For each row 1 if the word is in its text, which is without its endpoints."""
        from porttui.analysis.searchable_text import socket_text  # to list a scope takes none

        def text_at(place: int) -> str:
            return socket_text(self.sockets[place], self.service(place))

        bitmap = self._row_groups.rows_saying(word, text_at)
        return bytes(map(bitmap.__getitem__, self.places))

    @property
    def endpoints(self) -> tuple[Endpoints, Endpoints]:
        """Local and remote ends."""
        if self._endpoints is None:
            sockets, places = self.sockets, self.places

            def of(addresses: array[int], ports: array[int]) -> Endpoints:
                return Endpoints(
                    array("I", map(addresses.__getitem__, places)),
                    array("H", map(ports.__getitem__, places)),
                )

            self._endpoints = (
                of(sockets.local_addresses, sockets.local_ports),
                of(sockets.remote_addresses, sockets.remote_ports),
            )
        return self._endpoints

    def local_ports(self) -> Sequence[int]:
        """The local port of every row."""
        return self.endpoints[0].ports

    def remote_ports(self) -> list[int]:
        """The remote port of every row; -1 without a remote end."""
        addresses, ports = self.endpoints[1]
        return [
            port if address != NOWHERE else -1
            for address, port in zip(addresses, ports, strict=True)
        ]

    def states(self) -> list[str]:
        """The state of every row as text; "" for UDP."""
        names = [state.value if state else "" for state in STATES]
        return [names[self.sockets.states[place]] for place in self.places]

    def process_names(self) -> list[str]:
        """What to sort by the first holder's name; nobody is last."""
        names = [group[0].name.lower() if group else "\uffff" for group in self.sockets.side.groups]
        return [names[self.sockets.groups[place]] for place in self.places]

    def users(self) -> list[str]:
        """What to sort by the user's name; nobody is last."""
        users = self.sockets.side.users
        return [users.get(self.sockets.uids[place], "\uffff") for place in self.places]

    def service(self, place: int) -> str | None:
        """The service that the socket at this place of the table is about."""
        sockets = self.sockets
        protocol = Protocol.TCP if place < sockets.udp_from else Protocol.UDP
        ports = (sockets.remote_ports[place], sockets.local_ports[place])
        found = (self.services.get((protocol, port)) for port in ports)
        return next((name for name in found if name), None)

    def _keys(self, places: Sequence[int]) -> list[tuple[int, int, int, int]]:
        sockets = self.sockets
        numbers = end_bases(sockets)
        local, remote = sockets.local_addresses, sockets.remote_addresses
        keys = []
        for place in places:
            far = numbers[remote[place]]
            keys.append(
                (
                    int(place >= sockets.udp_from),
                    numbers[local[place]] | sockets.local_ports[place],
                    far | sockets.remote_ports[place] if far else 0,
                    0 if far else sockets.inodes[place],
                )
            )
        return keys


def rows_in(snapshot: Snapshot, row_groups: RowGroups, scope: Scope) -> ScopeRows:
    """The sockets that are meant, by local port, TCP before UDP.

    `row_groups`: the `socket_row_groups` of the snapshot.
    """
    sockets = snapshot.sockets
    start = sockets.udp_from if scope.protocol is Protocol.UDP else 0
    end = sockets.udp_from if scope.protocol is Protocol.TCP else len(sockets)
    places: Sequence[int] = range(start, end)
    if scope.remote is not None:
        far_port, far = scope.remote.port, _places_of(sockets, scope.remote.address)
        ports, addresses = sockets.remote_ports, sockets.remote_addresses
        places = [at for at in places if ports[at] == far_port and addresses[at] in far]
    if scope.local is not None:
        near, addresses = _places_of(sockets, scope.local), sockets.local_addresses
        places = [at for at in places if addresses[at] in near]
    if scope.ports is not None:
        inside = range_marks(scope.ports)
        ports = sockets.local_ports
        places = [at for at in places if inside[ports[at]]]
    in_order = sorted(places, key=sockets.local_ports.__getitem__)
    return ScopeRows(snapshot, row_groups, array("I", in_order))


def _places_of(sockets: SocketTable, address: Address) -> frozenset[int]:
    """Of an address and its IPv4-mapped spelling."""
    return frozenset(
        at
        for at, each in enumerate(sockets.side.addresses)
        if each is not None and each.unmapped == address.unmapped
    )
