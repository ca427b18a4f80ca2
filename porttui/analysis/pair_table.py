"""The loopback connections of a sample, as columns over its socket table."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Sequence
from itertools import repeat
from operator import eq, or_

from porttui.analysis.changes import Columnar
from porttui.analysis.end_numbers import end_bases, pair_keys
from porttui.analysis.filter_columns import Endpoints, RowGroups, Services
from porttui.analysis.loopback_rows import Direction, End, EndStatus, PairRow
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.socket import Ownership
from porttui.model.socket_table import (
    NOBODY,
    OWNERSHIP_CODES,
    STATES,
    UNACCEPTED,
    UNTOLD,
    SocketTable,
)
from porttui.record import overload

NO_ROW = -1
"""Where an end has no socket in the table."""

DIRECTIONS = tuple(Direction)
_HIDDEN = OWNERSHIP_CODES[Ownership.HIDDEN]
_GONE = OWNERSHIP_CODES[Ownership.GONE]


class PairTable(Sequence[PairRow], Columnar):
    """One row for each connection; a `PairRow` is made when somebody looks at it."""

    __slots__ = (
        "clients",
        "directions",
        "endpoints",
        "groups_of_sockets",
        "row_groups",
        "servers",
        "services",
        "sockets",
    )

    def __init__(
        self,
        sockets: SocketTable,
        services: Services,
        groups_of_sockets: array[int],
        *,
        clients: array[int],
        servers: array[int],
        directions: bytes,
    ) -> None:
        """Rows of the socket table, or NO_ROW; directions as places in DIRECTIONS.

        What every key of a filter asks for is made here, where nobody waits for a key.

        Args:
            sockets: With both ends, or one.
            services: Names of server ports.
            groups_of_sockets: For each of them a number, see `socket_row_groups`.
            clients: The one end of each connection.
            servers: The other.
            directions: How sure it is which is which.
        """
        self.sockets = sockets
        self.services = services
        self.clients = clients
        self.servers = servers
        self.directions = directions
        self.endpoints = (
            self._endpoints_of(clients, servers),
            self._endpoints_of(servers, clients),
        )
        self.groups_of_sockets = groups_of_sockets
        self.row_groups = RowGroups(self._all_but_endpoints())

    def __len__(self) -> int:
        return len(self.clients)

    @overload
    def __getitem__(self, at: int) -> PairRow: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[PairRow]: ...
    def __getitem__(self, at: int | slice) -> PairRow | Sequence[PairRow]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        client, server = self.clients[at], self.servers[at]
        far = self._end(server, client, is_itself=client == server)
        return PairRow(
            client=self._end(client, server, is_itself=False),
            server=far,
            direction=DIRECTIONS[self.directions[at]],
            service=self.services.get((Protocol.TCP, far.endpoint.port)),
        )

    def __iter__(self) -> Iterator[PairRow]:
        return (self[at] for at in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(
            one == another for one, another in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def keys(self) -> list[int]:
        """`PairRow.key` of every row."""
        return pair_keys(*self._numbers())

    def signatures(self) -> list[Hashable]:
        """`PairRow.signature` of every row."""
        sockets = self.sockets
        who = [tuple(each.identity for each in group) for group in sockets.side.groups]
        groups = sockets.groups + array("I", [NOBODY])  # at NO_ROW, the last place
        clients, servers = (
            map(who.__getitem__, map(groups.__getitem__, rows))
            for rows in (self.clients, self.servers)
        )
        return [
            (client, server) if one <= other else (server, client)
            for client, server, one, other in zip(clients, servers, *self._numbers(), strict=True)
        ]

    def only(self, places: Sequence[int]) -> PairTable:
        """See `Columnar.only`; with it goes no more of the socket table than these rows'."""
        clients = array("i", map(self.clients.__getitem__, places))
        servers = array("i", map(self.servers.__getitem__, places))
        rows = sorted({*clients, *servers} - {NO_ROW})
        now = {NO_ROW: NO_ROW, **{row: at for at, row in enumerate(rows)}}
        return PairTable(
            self.sockets.only(rows),
            self.services,
            array("I", map(self.groups_of_sockets.__getitem__, rows)),
            clients=array("i", map(now.__getitem__, clients)),
            servers=array("i", map(now.__getitem__, servers)),
            directions=bytes(map(self.directions.__getitem__, places)),
        )

    def _numbers(self) -> tuple[Iterator[int], Iterator[int]]:
        """`end_number` of the client's and of the server's end of every row."""
        bases = end_bases(self.sockets)
        client, server = (
            map(or_, map(bases.__getitem__, end.addresses), end.ports) for end in self.endpoints
        )
        return client, server

    def names(self, own: array[int]) -> list[str]:
        """For `clients` or `servers`: what to sort by the first holder's name; nobody is last."""
        names = [group[0].name.lower() if group else "\uffff" for group in self.sockets.side.groups]
        groups = self.sockets.groups
        return ["\uffff" if row == NO_ROW else names[groups[row]] for row in own]

    @property
    def addresses(self) -> Sequence[Address | None]:
        """By their numbers, in the spelling of the rows."""
        side = self.sockets.side.addresses
        return [each and Address.of_packed(each.unmapped) for each in side]

    def rows_saying(self, word: str) -> bytes:
        """For each row 1 if the word is in its text, which is without its endpoints."""
        from porttui.analysis.searchable_text import pair_text  # to make a table takes none

        return self.row_groups.rows_saying(word, lambda row: pair_text(self[row]))

    @property
    def client_ports(self) -> array[int]:
        """The client's port of every row."""
        return self.endpoints[0].ports

    @property
    def server_ports(self) -> array[int]:
        """The server's port of every row."""
        return self.endpoints[1].ports

    def _endpoints_of(self, own: array[int], other: array[int]) -> Endpoints:
        """A row's local end, and where there is NO_ROW the remote one of the other."""
        sockets = self.sockets
        places: Sequence[int] = own
        if NO_ROW in own:
            far = len(sockets)
            places = [
                row if row != NO_ROW else far + peer for row, peer in zip(own, other, strict=True)
            ]

        def column(code: str, local: array[int], remote: array[int]) -> array[int]:
            return array(code, map((local + remote).__getitem__, places))

        return Endpoints(
            column("I", sockets.local_addresses, sockets.remote_addresses),
            column("H", sockets.local_ports, sockets.remote_ports),
        )

    def _all_but_endpoints(self) -> Iterator[tuple[object, ...]]:
        """Of every row all that a filter sees of it besides its ends."""
        groups = self.groups_of_sockets + array("I", [UNTOLD])  # at NO_ROW, the last place
        return zip(
            map(groups.__getitem__, self.clients),
            map(groups.__getitem__, self.servers),
            map(eq, self.clients, self.servers),
            map(self.services.get, zip(repeat(Protocol.TCP), self.server_ports, strict=False)),
            strict=True,
        )

    def _end(self, row: int, far: int, *, is_itself: bool) -> End:
        sockets = self.sockets
        if row == NO_ROW:
            endpoint = sockets.remote(far)
            assert endpoint is not None
            return End(_unmapped(endpoint), EndStatus.MISSING, (), None, None)
        holders = sockets.side.groups[sockets.groups[row]]
        if is_itself:
            status = EndStatus.ITSELF
        elif holders:
            status = EndStatus.HELD
        elif sockets.ownerships[row] == _HIDDEN:
            status = EndStatus.HIDDEN
        elif sockets.ownerships[row] == _GONE:
            status = EndStatus.GONE
        elif sockets.states[row] in UNACCEPTED:
            status = EndStatus.NOT_ACCEPTED
        else:
            status = EndStatus.CLOSING
        user = sockets.side.users.get(sockets.uids[row])
        state = STATES[sockets.states[row]]
        return End(_unmapped(sockets.local(row)), status, holders, user, state)


def _unmapped(endpoint: Endpoint) -> Endpoint:
    return Endpoint(Address.of_packed(endpoint.address.unmapped), endpoint.port)
