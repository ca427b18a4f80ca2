"""The loopback connections of a sample, as columns over its socket table."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Sequence
from itertools import repeat
from operator import eq, or_

from porttui.analysis.filter_columns import EndpointColumns, RowGroups, Services, matching_rows
from porttui.analysis.loopback_rows import ConnectionEnd, EndStatus, PairRow, RoleCertainty
from porttui.analysis.rows import SampledRows, address_numbers, connection_keys
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.socket import Ownership
from porttui.model.socket_table import (
    NO_HOLDERS,
    OWNERSHIP_CODES,
    STATES,
    UNACCEPTED_STATES,
    UNKNOWN_NUMBER,
    SocketTable,
)
from porttui.record import TYPE_CHECKING

if TYPE_CHECKING:
    from porttui.analysis.filter import Filter

NO_ROW = -1
"""Where an end has no socket in the table."""

ROLE_CERTAINTIES = tuple(RoleCertainty)
_HIDDEN = OWNERSHIP_CODES[Ownership.HIDDEN]
_GONE = OWNERSHIP_CODES[Ownership.GONE]


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
        return [address and Address.of_packed(address.unmapped) for address in side]

    def rows_containing(self, word: str) -> bytes:
        """For each row 1 if the word is in its text, which is without its endpoints."""
        from porttui.analysis.searchable_text import pair_text  # to make a table takes none

        return self.row_groups.rows_containing(word, lambda row: pair_text(self.row(row)))

    @property
    def client_ports(self) -> array[int]:
        """The client's port of every row."""
        return self.endpoints[0].ports

    @property
    def server_ports(self) -> array[int]:
        """The server's port of every row."""
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
        elif sockets.ownerships[row] == _HIDDEN:
            status = EndStatus.HIDDEN
        elif sockets.ownerships[row] == _GONE:
            status = EndStatus.GONE
        elif sockets.states[row] in UNACCEPTED_STATES:
            status = EndStatus.NOT_ACCEPTED
        else:
            status = EndStatus.CLOSING
        user = sockets.side.users.get(sockets.uids[row])
        state = STATES[sockets.states[row]]
        return ConnectionEnd(_unmapped(sockets.local(row)), status, holders, user, state)


def _unmapped(endpoint: Endpoint) -> Endpoint:
    return Endpoint(Address.of_packed(endpoint.address.unmapped), endpoint.port)
