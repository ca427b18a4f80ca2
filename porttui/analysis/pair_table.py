"""The loopback connections of a sample, as columns over its socket table."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Sequence

from porttui.analysis.changes import Columnar
from porttui.analysis.loopback_rows import (
    Direction,
    End,
    EndStatus,
    PairRow,
    end_number,
    pair_key,
)
from porttui.light_typing import overload
from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.process import ProcessIdentity
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership
from porttui.model.socket_table import OWNERSHIP_CODES, STATES, UNACCEPTED, SocketTable

NO_ROW = -1
"""Where an end has no socket in the table."""

DIRECTIONS = tuple(Direction)
_HIDDEN = OWNERSHIP_CODES[Ownership.HIDDEN]


class PairTable(Sequence[PairRow], Columnar):
    """One row for each connection; a `PairRow` is made when somebody looks at it."""

    __slots__ = (
        "client_ports",
        "clients",
        "directions",
        "server_ports",
        "servers",
        "services",
        "sockets",
    )

    def __init__(
        self, snapshot: Snapshot, clients: array[int], servers: array[int], directions: bytes
    ) -> None:
        """Rows of the snapshot's socket table, or NO_ROW; directions as places in DIRECTIONS.

        The ports of all rows are columns of their own: every key of a filter asks for them.
        """
        self.sockets: SocketTable = snapshot.sockets
        self.services = snapshot.services
        self.clients = clients
        self.servers = servers
        self.directions = directions
        self.client_ports = self._ports_of(clients, servers)
        self.server_ports = self._ports_of(servers, clients)

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
        clients = self._numbers(self.clients, self.servers)
        servers = self._numbers(self.servers, self.clients)
        return [pair_key(one, other) for one, other in zip(clients, servers, strict=True)]

    def signatures(self) -> list[Hashable]:
        """`PairRow.signature` of every row."""
        sockets = self.sockets
        who = [tuple(each.identity for each in group) for group in sockets.side.groups]
        ends = zip(self._numbers(self.clients, self.servers), self.clients, strict=True)
        others = zip(self._numbers(self.servers, self.clients), self.servers, strict=True)

        def held(row: int) -> tuple[ProcessIdentity, ...]:
            return () if row == NO_ROW else who[sockets.groups[row]]

        return [
            (held(client), held(server)) if one <= other else (held(server), held(client))
            for (one, client), (other, server) in zip(ends, others, strict=True)
        ]

    def _numbers(self, own: array[int], other: array[int]) -> list[int]:
        """`end_number` of the client's or the server's end of every row."""
        sockets = self.sockets
        local = end_numbers(sockets, sockets.local_addresses, sockets.local_ports)
        remote = end_numbers(sockets, sockets.remote_addresses, sockets.remote_ports)
        return [
            local[row] if row != NO_ROW else remote[far]
            for row, far in zip(own, other, strict=True)
        ]

    def client_ends(self) -> list[str]:
        """The client's end of every row as it is written: "127.0.0.1:49650"."""
        return self._ends(self.clients, self.servers)

    def server_ends(self) -> list[str]:
        """The server's end of every row."""
        return self._ends(self.servers, self.clients)

    def names(self, own: array[int]) -> list[str]:
        """For `clients` or `servers`: what to sort by the first holder's name; nobody is last."""
        names = [group[0].name.lower() if group else "\uffff" for group in self.sockets.side.groups]
        groups = self.sockets.groups
        return ["\uffff" if row == NO_ROW else names[groups[row]] for row in own]

    def _ends(self, own: array[int], other: array[int]) -> list[str]:
        sockets = self.sockets
        stems = [
            "" if each is None else str(_unmapped(Endpoint(each, 0)))[:-1]
            for each in sockets.side.addresses
        ]
        return [
            f"{stems[sockets.local_addresses[row]]}{sockets.local_ports[row]}"
            if row != NO_ROW
            else f"{stems[sockets.remote_addresses[far]]}{sockets.remote_ports[far]}"
            for row, far in zip(own, other, strict=True)
        ]

    def _ports_of(self, own: array[int], other: array[int]) -> array[int]:
        local, remote = self.sockets.local_ports, self.sockets.remote_ports
        ports = [
            local[row] if row != NO_ROW else remote[far]
            for row, far in zip(own, other, strict=True)
        ]
        return array("H", ports)

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
        elif sockets.states[row] in UNACCEPTED:
            status = EndStatus.NOT_ACCEPTED
        else:
            status = EndStatus.CLOSING
        user = sockets.side.users.get(sockets.uids[row])
        state = STATES[sockets.states[row]]
        return End(_unmapped(sockets.local(row)), status, holders, user, state)


def end_numbers(sockets: SocketTable, addresses: array[int], ports: array[int]) -> list[int]:
    """Each end as one number, the same for 127.0.0.1 and ::ffff:127.0.0.1; see `end_number`."""
    numbers = [0 if each is None else end_number(each, 0) for each in sockets.side.addresses]
    return [numbers[address] | port for address, port in zip(addresses, ports, strict=True)]


def _unmapped(endpoint: Endpoint) -> Endpoint:
    return Endpoint(Address.of_packed(endpoint.address.unmapped), endpoint.port)
