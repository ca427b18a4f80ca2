"""The loopback pane: both ends of each connection that stays on this machine, in one row.

A connection is two sockets, each with the other's address as its remote one. Their addresses are
compared unmapped: an IPv4 client of a dual-stack server has an IPv6 socket as its peer.
"""

from __future__ import annotations

from array import array

from porttui.analysis.loopback_rows import Direction
from porttui.analysis.pair_table import DIRECTIONS, NO_ROW, PairTable, end_numbers
from porttui.light_typing import NamedTuple
from porttui.model.address import Family
from porttui.model.port_range import PortRange
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership
from porttui.model.socket_table import (
    ESTABLISHED,
    LISTEN,
    OWNERSHIP_CODES,
    UNACCEPTED,
    SocketTable,
)

_KNOWN, _LIKELY, _UNKNOWN = (
    DIRECTIONS.index(each) for each in (Direction.KNOWN, Direction.LIKELY, Direction.UNKNOWN)
)
_KERNEL = OWNERSHIP_CODES[Ownership.KERNEL]


def loopback_pairs(snapshot: Snapshot) -> PairTable:
    """Established TCP connections with both ends on loopback, ordered by server and client port."""
    sockets = snapshot.sockets
    ends = _Ends.of(sockets)
    servers = _Servers(sockets, ends)
    pairs = [
        _directed(near, far, ends, servers, snapshot.ephemeral) for near, far in ends.established()
    ]
    pairs.sort()
    return PairTable(
        sockets,
        snapshot.services,
        clients=array("i", [pair.client for pair in pairs]),
        servers=array("i", [pair.server for pair in pairs]),
        directions=bytes([pair.direction for pair in pairs]),
    )


class _Pair(NamedTuple):
    """Ordered as the pane shows them."""

    server_port: int
    client_port: int
    key: tuple[int, int]
    client: int
    server: int
    direction: int


class _Ends(NamedTuple):
    """The loopback sockets, each end as a number."""

    sockets: SocketTable
    rows: list[int]
    """TCP, both ends on loopback."""
    local: list[int]
    remote: list[int]
    """Of every row of the table, see `end_number`."""
    row_of: dict[tuple[int, int], int]
    """From local and remote end to the row."""

    @classmethod
    def of(cls, sockets: SocketTable) -> _Ends:
        side = sockets.side.addresses
        loopback = {at for at, each in enumerate(side) if each is not None and each.is_loopback}
        ends = zip(sockets.local_addresses, sockets.remote_addresses, strict=True)
        rows = [
            row
            for row, (near, far) in enumerate(ends)
            if near in loopback and far in loopback and row < sockets.udp_from
        ]
        local = end_numbers(sockets, sockets.local_addresses, sockets.local_ports)
        remote = end_numbers(sockets, sockets.remote_addresses, sockets.remote_ports)
        return cls(sockets, rows, local, remote, {(local[row], remote[row]): row for row in rows})

    def established(self) -> list[tuple[int, int]]:
        """Each connection once: a row in ESTABLISHED, and its peer's row or NO_ROW."""
        states, local, remote = self.sockets.states, self.local, self.remote
        found = []
        for row in self.row_of.values():
            if states[row] != ESTABLISHED:
                continue
            peer = self.row_of.get((remote[row], local[row]), NO_ROW)
            if peer < row and peer != NO_ROW and states[peer] == ESTABLISHED:
                continue  # its peer came first
            found.append((row, peer))
        return found


class _Servers:
    """What is listened on, to tell servers from clients. An accepted socket has its listener's
    family, so a listener on [::] does not make a server of an IPv4 socket."""

    def __init__(self, sockets: SocketTable, ends: _Ends) -> None:
        self._sockets = sockets
        self._ends = ends
        side = sockets.side.addresses
        self._family = [None if each is None else each.family for each in side]
        listeners = list(sockets.rows_in(LISTEN))
        self._exact = {(self._family_of(row), ends.local[row]) for row in listeners}
        self._wildcard = {
            (self._family_of(row), sockets.local_ports[row])
            for row in listeners
            if _is_wildcard(sockets, row)
        }

    def is_server(self, row: int, end: int) -> bool:
        """Whether an end is listened on; NO_ROW for an end without a socket here."""
        if row == NO_ROW:
            return any(self._listens(family, end) for family in Family)
        if self._is_unaccepted(row):
            return True
        family = self._family_of(row)
        return family is not None and self._listens(family, end)

    def _listens(self, family: Family, end: int) -> bool:
        return (family, end) in self._exact or (family, end & 0xFFFF) in self._wildcard

    def _is_unaccepted(self, row: int) -> bool:
        sockets = self._sockets
        return sockets.ownerships[row] == _KERNEL and sockets.states[row] in UNACCEPTED

    def _family_of(self, row: int) -> Family | None:
        return self._family[self._sockets.local_addresses[row]]


def _directed(
    near: int, far: int, ends: _Ends, servers: _Servers, ephemeral: PortRange | None
) -> _Pair:
    """The connection of `near`, with the client first."""
    here, there = ends.local[near], ends.remote[near]
    if near == far:
        return _pair(near, far, here, there, _UNKNOWN)
    serves_here, serves_there = servers.is_server(near, here), servers.is_server(far, there)
    direction = _KNOWN
    if serves_here == serves_there:
        drawn_here = ephemeral is not None and here & 0xFFFF in ephemeral
        drawn_there = ephemeral is not None and there & 0xFFFF in ephemeral
        direction = _LIKELY if drawn_here != drawn_there else _UNKNOWN
        serves_here = (drawn_here, here & 0xFFFF) < (drawn_there, there & 0xFFFF)
    if serves_here:
        return _pair(far, near, there, here, direction)
    return _pair(near, far, here, there, direction)


def _pair(client: int, server: int, client_end: int, server_end: int, direction: int) -> _Pair:
    key = (server_end, client_end)
    return _Pair(server_end & 0xFFFF, client_end & 0xFFFF, key, client, server, direction)


def _is_wildcard(sockets: SocketTable, row: int) -> bool:
    address = sockets.side.addresses[sockets.local_addresses[row]]
    return address is not None and address.is_wildcard
