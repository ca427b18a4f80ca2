"""The loopback pane: both ends of each connection that stays on this machine, in one row.

A connection is two sockets, each with the other's address as its remote one. Their addresses are
compared unmapped: an IPv4 client of a dual-stack server has an IPv6 socket as its peer.

There can be fifty thousand of them: what is asked of every one is asked by columns.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress
from operator import and_, contains, or_

from porttui.analysis.end_numbers import end_bases, pair_keys
from porttui.analysis.filter_columns import RowGroups, socket_row_groups
from porttui.analysis.loopback_rows import Direction
from porttui.analysis.pair_table import DIRECTIONS, NO_ROW, PairTable
from porttui.model.address import PORTS, Address, Family
from porttui.model.port_range import PortRange, range_marks
from porttui.model.snapshot import Snapshot
from porttui.model.socket import Ownership
from porttui.model.socket_table import (
    ESTABLISHED,
    LISTEN,
    OWNERSHIP_CODES,
    UNACCEPTED,
    SocketTable,
)
from porttui.record import NamedTuple

_KNOWN, _LIKELY, _UNKNOWN = (
    DIRECTIONS.index(each) for each in (Direction.KNOWN, Direction.LIKELY, Direction.UNKNOWN)
)
_IS_KERNEL = bytes(code == OWNERSHIP_CODES[Ownership.KERNEL] for code in range(256))
_IS_UNACCEPTED = bytes(code in UNACCEPTED for code in range(256))

_Pair = tuple[int, int, int, int, int, int]
"""Server's and client's port in one number, their ends, their rows, the direction: to be sorted
by, as the pane shows them. Plain, since there are so many."""


def loopback_pairs(snapshot: Snapshot, row_groups: RowGroups | None = None) -> PairTable:
    """Established TCP connections with both ends on loopback, ordered by server and client port.

    `row_groups`: the `socket_row_groups` of the snapshot, where they are known.
    """
    sockets = snapshot.sockets
    row_groups = row_groups or socket_row_groups(sockets, snapshot.services)
    pairs = sorted(_pairs(_Ends.of(sockets), _Listened(sockets), snapshot.ephemeral))
    return PairTable(
        sockets,
        snapshot.services,
        row_groups.of_row,
        clients=array("i", [pair[3] for pair in pairs]),
        servers=array("i", [pair[4] for pair in pairs]),
        directions=bytes([pair[5] for pair in pairs]),
    )


class _Ends(NamedTuple):
    """The TCP sockets with both ends on loopback, as columns."""

    rows: Sequence[int]
    """Where they stand in the table."""
    states: Sequence[int]
    addresses: Sequence[int]
    """The local ones, as numbers of the table."""
    ports: Sequence[int]
    """The local ones."""
    are_unaccepted: bytes
    local: Sequence[int]
    remote: Sequence[int]
    """Each end as one number, see `end_number`."""

    @classmethod
    def of(cls, sockets: SocketTable) -> _Ends:
        on_loopback = bytes(
            each is not None and each.is_loopback for each in sockets.side.addresses
        )
        near = map(on_loopback.__getitem__, sockets.local_addresses[: sockets.udp_from])
        far = map(on_loopback.__getitem__, sockets.remote_addresses)
        chosen = bytes(map(and_, near, far))
        bases = end_bases(sockets)

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
            are_unaccepted=bytes(compress(map(and_, states, kernels), chosen)),
            local=numbers(addresses, ports),
            remote=numbers(of(sockets.remote_addresses), of(sockets.remote_ports)),
        )

    def peers(self) -> dict[int, int]:
        """Each connection once: the place of the end that was listed first, and of the other, or
        NO_ROW. An end that was listed twice, as may happen while others come, counts once."""
        first: dict[int, int] = {}
        peers: dict[int, int] = {}
        for place, key in enumerate(pair_keys(self.local, self.remote)):
            before = first.setdefault(key, place)
            if before == place:
                peers[place] = NO_ROW
            elif self.local[before] != self.local[place]:
                peers[before] = place
        return peers


class _Listened:
    """What is listened on, to tell servers from clients. An accepted socket has its listener's
    family, so a listener on [::] does not make a server of an IPv4 socket."""

    def __init__(self, sockets: SocketTable) -> None:
        self._everywhere: dict[Family, set[int]] = {family: set() for family in Family}
        self._exactly: dict[tuple[Family, bytes], set[int]] = {}
        self._ends: set[int] = set()
        bases = end_bases(sockets)
        for row in sockets.rows_in(LISTEN):
            address, port = sockets.local(row)
            self._exactly.setdefault((address.family, address.unmapped), set()).add(port)
            self._ends.add(bases[sockets.local_addresses[row]] | port)
            if address.is_wildcard:
                self._everywhere[address.family].add(port)
        self._sides = [self._at(each) for each in sockets.side.addresses]

    def _at(self, address: Address | None) -> tuple[Collection[int], Collection[int]]:
        """The ports that are listened on at an address itself, and by its family everywhere."""
        if address is None:
            return (), ()
        exactly = self._exactly.get((address.family, address.unmapped), ())
        return exactly, self._everywhere[address.family]

    def flags(self, ends: _Ends) -> bytes:
        """For each end 1 if it is a server's: listened on, or not even accepted yet."""
        exactly, everywhere = zip(*self._sides, strict=True)
        found = map(contains, map(exactly.__getitem__, ends.addresses), ends.ports)
        others = map(contains, map(everywhere.__getitem__, ends.addresses), ends.ports)
        return bytes(map(or_, map(or_, found, others), ends.are_unaccepted))

    def has(self, end: int) -> bool:
        """Whether an end without a socket here is listened on, by whichever family."""
        return end in self._ends or any(end & 0xFFFF in each for each in self._everywhere.values())


def _pairs(ends: _Ends, listened: _Listened, ephemeral: PortRange | None) -> Iterator[_Pair]:
    """The connections that are established, at one of their ends at least."""
    rows, states, serving = ends.rows, ends.states, listened.flags(ends)
    drawn = bytes(len(PORTS)) if ephemeral is None else range_marks(ephemeral)
    for near, far in ends.peers().items():
        if states[near] != ESTABLISHED:
            if far == NO_ROW or states[far] != ESTABLISHED:
                continue
            near, far = far, near
        here, there = ends.local[near], ends.remote[near]
        serves, direction = serving[near], _KNOWN
        if here == there:
            serves, direction, far = 0, _UNKNOWN, near
        elif serves == (listened.has(there) if far == NO_ROW else serving[far]):
            near_port, far_port = here & 0xFFFF, there & 0xFFFF
            near_drawn, far_drawn = drawn[near_port], drawn[far_port]
            direction = _LIKELY if near_drawn != far_drawn else _UNKNOWN
            serves = (near_drawn, near_port) < (far_drawn, far_port)
        row, peer = rows[near], NO_ROW if far == NO_ROW else rows[far]
        if serves:
            yield (here & 0xFFFF) << 16 | there & 0xFFFF, here, there, peer, row, direction
        else:
            yield (there & 0xFFFF) << 16 | here & 0xFFFF, there, here, row, peer, direction
