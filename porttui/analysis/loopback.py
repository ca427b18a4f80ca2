"""Pairs the two sockets of each loopback connection, and keeps the pairs as columns.

A connection is two sockets, each with the other's address as its remote one. Their addresses are
compared unmapped: an IPv4 client of a dual-stack server has an IPv6 socket as its peer.

There can be fifty thousand of them: what is asked of every one is asked by columns.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from itertools import compress, repeat
from operator import and_, contains, eq, or_

from porttui.analysis.filter_columns import (
    EndpointColumns,
    RowGroups,
    Services,
    matching_rows,
    pair_text,
    socket_row_groups,
)
from porttui.analysis.loopback_rows import (
    ConnectionEnd,
    EndStatus,
    PairRow,
    RoleCertainty,
    address_numbers,
    connection_keys,
)
from porttui.analysis.rows import SampledRows
from porttui.model.address import PORTS, Address, Endpoint, Family, Protocol
from porttui.model.kernel import PortRange, range_bitmap
from porttui.model.snapshot import Snapshot
from porttui.model.socket import CLOSING_STATES, Ownership
from porttui.model.socket_table import (
    ESTABLISHED,
    GONE,
    HIDDEN,
    LISTEN,
    NO_HOLDERS,
    OWNERSHIP_CODES,
    OWNERSHIPS,
    STATES,
    UNACCEPTED_STATES,
    UNKNOWN_NUMBER,
    SocketTable,
)
from porttui.record import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from porttui.analysis.filter import Filter

NO_ROW = -1
"""Where an end has no socket in the table."""

ROLE_CERTAINTIES = tuple(RoleCertainty)


class PairTable(SampledRows[PairRow]):
    """One row for each connection."""

    __slots__ = (
        "clients",
        "endpoints",
        "role_certainties",
        "row_groups",
        "servers",
        "services",
        "socket_groups",
        "sockets",
    )

    def __init__(
        self,
        sockets: SocketTable,
        services: Services,
        socket_groups: array[int],
        *,
        clients: array[int],
        servers: array[int],
        role_certainties: bytes,
    ) -> None:
        """Rows of the socket table, or NO_ROW; role_certainties as indexes in ROLE_CERTAINTIES.

        What every key of a filter needs is made here, in the sampling process.

        Args:
            sockets: With both ends, or one.
            services: Names of server ports.
            socket_groups: For each of them a number, see `socket_row_groups`.
            clients: The one end of each connection.
            servers: The other.
            role_certainties: How sure it is which is which.
        """
        self.sockets = sockets
        self.services = services
        self.clients = clients
        self.servers = servers
        self.role_certainties = role_certainties
        self.endpoints = (
            self._endpoints_of(clients, servers),
            self._endpoints_of(servers, clients),
        )
        self.socket_groups = socket_groups
        self.row_groups = RowGroups(self._all_but_endpoints())

    def __len__(self) -> int:
        return len(self.clients)

    def row(self, index: int) -> PairRow:
        client, server = self.clients[index], self.servers[index]
        far = self._end(server, client, is_itself=client == server)
        return PairRow(
            client=self._end(client, server, is_itself=False),
            server=far,
            role_certainty=ROLE_CERTAINTIES[self.role_certainties[index]],
            service=self.services.get((Protocol.TCP, far.endpoint.port)),
        )

    def keys(self) -> list[int]:
        return connection_keys(*self._numbers())

    def signatures(self) -> list[Hashable]:
        sockets = self.sockets
        identities = [
            tuple(process.identity for process in holders) for holders in sockets.side.holder_sets
        ]
        numbers = sockets.holder_sets + array("I", [NO_HOLDERS])  # at NO_ROW, the last place
        clients, servers = (
            map(identities.__getitem__, map(numbers.__getitem__, rows))
            for rows in (self.clients, self.servers)
        )
        return [
            (client, server) if one <= other else (server, client)
            for client, server, one, other in zip(clients, servers, *self._numbers(), strict=True)
        ]

    def select(self, indexes: Sequence[int]) -> PairTable:
        # It takes only its own rows of the socket table along: a departed row is kept for seconds.
        clients = array("i", map(self.clients.__getitem__, indexes))
        servers = array("i", map(self.servers.__getitem__, indexes))
        rows = sorted({*clients, *servers} - {NO_ROW})
        now = {NO_ROW: NO_ROW, **{row: at for at, row in enumerate(rows)}}
        return PairTable(
            self.sockets.select(rows),
            self.services,
            array("I", map(self.socket_groups.__getitem__, rows)),
            clients=array("i", map(now.__getitem__, clients)),
            servers=array("i", map(now.__getitem__, servers)),
            role_certainties=bytes(map(self.role_certainties.__getitem__, indexes)),
        )

    def matching(self, row_filter: Filter) -> list[int]:
        return matching_rows(self, row_filter)

    def _numbers(self) -> tuple[Iterator[int], Iterator[int]]:
        """`endpoint_number` of the client's and of the server's end of every row."""
        bases = address_numbers(self.sockets)
        client, server = (
            map(or_, map(bases.__getitem__, end.addresses), end.ports) for end in self.endpoints
        )
        return client, server

    def service_names(self) -> list[str]:
        """Sort keys: every row's service name; rows without one are last."""
        return [self.services.get((Protocol.TCP, port), "\uffff") for port in self.server_ports]

    def names(self, own: array[int]) -> list[str]:
        """Sort keys: the first holder's name of `clients` or `servers`; ends without are last."""
        names = self.sockets.holder_names()
        numbers = self.sockets.holder_sets
        return ["\uffff" if row == NO_ROW else names[numbers[row]] for row in own]

    @property
    def addresses(self) -> Sequence[Address | None]:
        """By their numbers, in the spelling of the rows."""
        side = self.sockets.side.addresses
        return [address and Address.of_packed(address.unmapped, address.zone) for address in side]

    def rows_containing(self, word: str) -> bytes:
        return self.row_groups.rows_containing(word, lambda row: pair_text(self.row(row)))

    @property
    def client_ports(self) -> array[int]:
        return self.endpoints[0].ports

    @property
    def server_ports(self) -> array[int]:
        return self.endpoints[1].ports

    def _endpoints_of(self, own: array[int], other: array[int]) -> EndpointColumns:
        """A row's local end, and where there is NO_ROW the remote one of the other."""
        sockets = self.sockets
        indexes: Sequence[int] = own
        if NO_ROW in own:
            far = len(sockets)
            indexes = [
                row if row != NO_ROW else far + peer for row, peer in zip(own, other, strict=True)
            ]

        def column(code: str, local: array[int], remote: array[int]) -> array[int]:
            return array(code, map((local + remote).__getitem__, indexes))

        return EndpointColumns(
            column("I", sockets.local_addresses, sockets.remote_addresses),
            column("H", sockets.local_ports, sockets.remote_ports),
        )

    def _all_but_endpoints(self) -> Iterator[tuple[object, ...]]:
        """For every row all that a filter sees of it, without its ends."""
        numbers = self.socket_groups + array("I", [UNKNOWN_NUMBER])  # at NO_ROW, the last place
        return zip(
            map(numbers.__getitem__, self.clients),
            map(numbers.__getitem__, self.servers),
            map(eq, self.clients, self.servers),
            map(self.services.get, zip(repeat(Protocol.TCP), self.server_ports, strict=False)),
            strict=True,
        )

    def _end(self, row: int, far: int, *, is_itself: bool) -> ConnectionEnd:
        sockets = self.sockets
        if row == NO_ROW:
            endpoint = sockets.remote(far)
            assert endpoint is not None
            return ConnectionEnd(_unmapped(endpoint), EndStatus.MISSING, (), None, None)
        holders = sockets.side.holder_sets[sockets.holder_sets[row]]
        if is_itself:
            status = EndStatus.ITSELF
        elif holders:
            status = EndStatus.HELD
        elif sockets.ownerships[row] == HIDDEN:
            status = EndStatus.HIDDEN
        elif sockets.ownerships[row] == GONE:
            status = EndStatus.GONE
        elif sockets.states[row] in UNACCEPTED_STATES:
            status = EndStatus.NOT_ACCEPTED
        else:
            status = EndStatus.CLOSING
        user = sockets.side.users.get(sockets.uids[row])
        state = STATES[sockets.states[row]]
        return ConnectionEnd(_unmapped(sockets.local(row)), status, holders, user, state)


def _unmapped(endpoint: Endpoint) -> Endpoint:
    address, port = endpoint
    return Endpoint(Address.of_packed(address.unmapped, address.zone), port)


_KNOWN, _LIKELY, _UNKNOWN = (
    ROLE_CERTAINTIES.index(certainty)
    for certainty in (RoleCertainty.KNOWN, RoleCertainty.LIKELY, RoleCertainty.UNKNOWN)
)
_IS_KERNEL = bytes(code == OWNERSHIP_CODES[Ownership.KERNEL] for code in range(256))
_IS_UNACCEPTED = bytes(code in UNACCEPTED_STATES for code in range(256))
_IS_ESTABLISHED = bytes(code == ESTABLISHED for code in range(256))
_MAY_BE_HELD = bytes(
    OWNERSHIPS[code] in (Ownership.KNOWN, Ownership.HIDDEN, Ownership.NOT_LOOKED_UP)
    if code < len(OWNERSHIPS)
    else 0
    for code in range(256)
)
_IS_CLOSING = bytes(code < len(STATES) and STATES[code] in CLOSING_STATES for code in range(256))

_Pair = tuple[int, int, int, int, int, int]
"""Server's and client's port in one number, their ends, their rows, and the index of
the role certainty, in the pane's sort order. A plain tuple, since there are so many."""


def loopback_pairs(snapshot: Snapshot, row_groups: RowGroups | None = None) -> PairTable:
    """TCP connections with both ends on loopback, ordered by server and client port.

    Those that are established at one of their ends, or closing at one that a process still holds.

    `row_groups`: the `socket_row_groups` of the snapshot, where they are known.
    """
    sockets = snapshot.sockets
    row_groups = row_groups or socket_row_groups(sockets, snapshot.services)
    pairs = sorted(_pairs(_LoopbackSockets.of(sockets), _Listeners(sockets), snapshot.ephemeral))
    return PairTable(
        sockets,
        snapshot.services,
        row_groups.group_of_row,
        clients=array("i", [pair[3] for pair in pairs]),
        servers=array("i", [pair[4] for pair in pairs]),
        role_certainties=bytes([pair[5] for pair in pairs]),
    )


class _LoopbackSockets(NamedTuple):
    """The TCP sockets with both ends on loopback, as columns."""

    rows: Sequence[int]
    """Where they stand in the table."""
    is_open: bytes
    """1 where the end is established, or closing and not closed by its process."""
    addresses: Sequence[int]
    """The local ones, as numbers of the table."""
    ports: Sequence[int]
    """The local ones."""
    unaccepted: bytes
    local: Sequence[int]
    remote: Sequence[int]
    """Each end as one number, see `endpoint_number`."""

    @classmethod
    def of(cls, sockets: SocketTable) -> _LoopbackSockets:
        on_loopback = bytes(
            address is not None and address.is_loopback for address in sockets.side.addresses
        )
        near = map(on_loopback.__getitem__, sockets.local_addresses[: sockets.udp_start])
        far = map(on_loopback.__getitem__, sockets.remote_addresses)
        chosen = bytes(map(and_, near, far))
        bases = address_numbers(sockets)

        def of(column: Iterable[int]) -> list[int]:
            return list(compress(column, chosen))

        def numbers(addresses: Iterable[int], ports: Iterable[int]) -> list[int]:
            return list(map(or_, map(bases.__getitem__, addresses), ports))

        addresses, ports = of(sockets.local_addresses), of(sockets.local_ports)
        states = sockets.states.translate(_IS_UNACCEPTED)
        kernels = sockets.ownerships.translate(_IS_KERNEL)
        established = sockets.states.translate(_IS_ESTABLISHED)
        # Over loopback a connection is half closed at once: FIN_WAIT2 here, CLOSE_WAIT there.
        held = sockets.ownerships.translate(_MAY_BE_HELD)
        closing = map(and_, sockets.states.translate(_IS_CLOSING), held)
        return cls(
            rows=of(range(len(sockets))),
            is_open=bytes(compress(map(or_, established, closing), chosen)),
            addresses=addresses,
            ports=ports,
            unaccepted=bytes(compress(map(and_, states, kernels), chosen)),
            local=numbers(addresses, ports),
            remote=numbers(of(sockets.remote_addresses), of(sockets.remote_ports)),
        )

    def peers(self) -> dict[int, int]:
        """Each connection once: the place of the end that was listed first, and of the other, or
        NO_ROW. An end that was listed twice, as may happen while others come, counts once."""
        first: dict[int, int] = {}
        peers: dict[int, int] = {}
        for index, key in enumerate(connection_keys(self.local, self.remote)):
            before = first.setdefault(key, index)
            if before == index:
                peers[index] = NO_ROW
            elif self.local[before] != self.local[index]:
                peers[before] = index
        return peers


class _Listeners:
    """What is listened on, to tell servers from clients. An accepted socket has its listener's
    family, so a listener on [::] does not make a server of an IPv4 socket."""

    def __init__(self, sockets: SocketTable) -> None:
        self._wildcard_ports: dict[Family, set[int]] = {family: set() for family in Family}
        self._ports_by_address: dict[tuple[Family, bytes], set[int]] = {}
        self._endpoints: set[int] = set()
        bases = address_numbers(sockets)
        for row in sockets.rows_in_state(LISTEN):
            address, port = sockets.local(row)
            self._ports_by_address.setdefault((address.family, address.unmapped), set()).add(port)
            self._endpoints.add(bases[sockets.local_addresses[row]] | port)
            if address.is_wildcard:
                self._wildcard_ports[address.family].add(port)
        self._ports_by_number = [self._ports_at(address) for address in sockets.side.addresses]

    def _ports_at(self, address: Address | None) -> tuple[Collection[int], Collection[int]]:
        """The ports that are listened on at an address itself, and by its family everywhere."""
        if address is None:
            return (), ()
        exactly = self._ports_by_address.get((address.family, address.unmapped), ())
        return exactly, self._wildcard_ports[address.family]

    def server_bitmap(self, loopback: _LoopbackSockets) -> bytes:
        """For each end 1 if it is a server's: listened on, or not even accepted yet."""
        exactly, everywhere = zip(*self._ports_by_number, strict=True)
        at_address = map(contains, map(exactly.__getitem__, loopback.addresses), loopback.ports)
        at_any = map(contains, map(everywhere.__getitem__, loopback.addresses), loopback.ports)
        return bytes(map(or_, map(or_, at_address, at_any), loopback.unaccepted))

    def has_listener(self, end: int) -> bool:
        """Whether an end without a socket here is listened on, by whichever family."""
        return end in self._endpoints or any(
            end & 0xFFFF in ports for ports in self._wildcard_ports.values()
        )


def _pairs(
    loopback: _LoopbackSockets, listeners: _Listeners, ephemeral: PortRange | None
) -> Iterator[_Pair]:
    """The connections that are open, at one of their ends at least."""
    rows, is_open = loopback.rows, loopback.is_open
    server_bitmap = listeners.server_bitmap(loopback)
    is_ephemeral = bytes(len(PORTS)) if ephemeral is None else range_bitmap(ephemeral)
    for near, far in loopback.peers().items():
        if not is_open[near]:
            if far == NO_ROW or not is_open[far]:
                continue
            near, far = far, near
        local, remote = loopback.local[near], loopback.remote[near]
        is_server, role_certainty = server_bitmap[near], _KNOWN
        if local == remote:
            is_server, role_certainty, far = 0, _UNKNOWN, near
        elif is_server == (listeners.has_listener(remote) if far == NO_ROW else server_bitmap[far]):
            near_port, far_port = local & 0xFFFF, remote & 0xFFFF
            near_is_ephemeral, far_is_ephemeral = is_ephemeral[near_port], is_ephemeral[far_port]
            role_certainty = _LIKELY if near_is_ephemeral != far_is_ephemeral else _UNKNOWN
            is_server = (near_is_ephemeral, near_port) < (far_is_ephemeral, far_port)
        row, peer = rows[near], NO_ROW if far == NO_ROW else rows[far]
        if is_server:
            yield (local & 0xFFFF) << 16 | remote & 0xFFFF, local, remote, peer, row, role_certainty
        else:
            yield (remote & 0xFFFF) << 16 | local & 0xFFFF, remote, local, row, peer, role_certainty
