"""Pairs the two sockets of each loopback connection.

A connection is two sockets, each with the other's address as its remote one. Their addresses are
compared unmapped: an IPv4 client of a dual-stack server has an IPv6 socket as its peer.

There can be fifty thousand of them: what is asked of every one is asked by columns.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress
from operator import and_, contains, or_

from porttui.analysis.filter_columns import RowGroups, socket_row_groups
from porttui.analysis.loopback_rows import RoleCertainty
from porttui.analysis.pair_table import NO_ROW, ROLE_CERTAINTIES, PairTable
from porttui.analysis.rows import address_numbers, connection_keys
from porttui.model.address import PORTS, Address, Family
from porttui.model.kernel import PortRange, range_bitmap
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership
from porttui.model.socket_table import (
    ESTABLISHED,
    LISTEN,
    OWNERSHIP_CODES,
    UNACCEPTED_STATES,
    SocketTable,
)
from porttui.record import NamedTuple

_KNOWN, _LIKELY, _UNKNOWN = (
    ROLE_CERTAINTIES.index(certainty)
    for certainty in (RoleCertainty.KNOWN, RoleCertainty.LIKELY, RoleCertainty.UNKNOWN)
)
_IS_KERNEL = bytes(code == OWNERSHIP_CODES[Ownership.KERNEL] for code in range(256))
_IS_UNACCEPTED = bytes(code in UNACCEPTED_STATES for code in range(256))

_Pair = tuple[int, int, int, int, int, int]
"""Server's and client's port in one number, their ends, their rows, and the index of
the role certainty, in the pane's sort order. A plain tuple, since there are so many."""


def loopback_pairs(snapshot: Snapshot, row_groups: RowGroups | None = None) -> PairTable:
    """Established TCP connections with both ends on loopback, ordered by server and client port.

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
    states: Sequence[int]
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
        states, kernels = (
            sockets.states.translate(_IS_UNACCEPTED),
            sockets.ownerships.translate(_IS_KERNEL),
        )
        return cls(
            rows=of(range(len(sockets))),
            states=of(sockets.states),
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
        found = map(contains, map(exactly.__getitem__, loopback.addresses), loopback.ports)
        others = map(contains, map(everywhere.__getitem__, loopback.addresses), loopback.ports)
        return bytes(map(or_, map(or_, found, others), loopback.unaccepted))

    def has_listener(self, end: int) -> bool:
        """Whether an end without a socket here is listened on, by whichever family."""
        return end in self._endpoints or any(
            end & 0xFFFF in ports for ports in self._wildcard_ports.values()
        )


def _pairs(
    loopback: _LoopbackSockets, listeners: _Listeners, ephemeral: PortRange | None
) -> Iterator[_Pair]:
    """The connections that are established, at one of their ends at least."""
    rows, states, server_bitmap = loopback.rows, loopback.states, listeners.server_bitmap(loopback)
    is_ephemeral = bytes(len(PORTS)) if ephemeral is None else range_bitmap(ephemeral)
    for near, far in loopback.peers().items():
        if states[near] != ESTABLISHED:
            if far == NO_ROW or states[far] != ESTABLISHED:
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
