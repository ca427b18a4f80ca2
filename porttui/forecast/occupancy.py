"""Occupancy of the ephemeral range by TCP sockets.

The kernel draws a port for connect(2) in __inet_hash_connect (net/ipv4/inet_hashtables.c): it
passes over every bound port (`bound_ports` here), whatever the addresses, and may share any
other between connections that differ in one of the ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import compress

from porttui.model.address import Address
from porttui.model.kernel import PortRange, range_bitmap
from porttui.model.socket import TcpState
from porttui.model.socket_table import LISTEN, NO_ADDRESS, STATES, TIME_WAIT, SocketTable
from porttui.record import NamedTuple

ConnectPathKey = tuple[bytes, bytes, int, str]
"""The local and the remote address, unmapped, the remote port, and the client's device."""

_CONNECTED, _BOUND, _IN_TIME_WAIT = range(3)

_BOUND_STATES = frozenset({TcpState.LISTEN, TcpState.CLOSE, None})
_KIND_OF_STATE = bytes(
    _IN_TIME_WAIT if code == TIME_WAIT else _BOUND if state in _BOUND_STATES else _CONNECTED
    for code, state in enumerate(STATES)
).ljust(256, bytes([_CONNECTED]))
"""What a socket is to the range, by its state."""

_Groups = Mapping[tuple[int, int, int, int], Sequence[int]]
"""Rows by kind, numbers of the local and the remote address, and remote port."""


class Occupancy(NamedTuple):
    """The TCP sockets with a local port in the range."""

    sockets: SocketTable
    ephemeral: PortRange
    bound: Sequence[int]
    """Rows of the sockets that listen or are bound and idle."""
    bound_ports: Set[int]
    """Their ports: no connect(2) gets one, whatever its addresses."""
    used: Set[int]
    """All ports."""
    connected_on: Mapping[int, Set[int]]
    """The ports of all others by the number of their local address."""
    time_wait: int
    """Sockets in TIME_WAIT."""
    connected: Mapping[ConnectPathKey, Sequence[int]]
    """Rows of the clients: what was accepted by a listener that is still there is none."""
    in_time_wait: Mapping[ConnectPathKey, Sequence[int]]
    """The same in TIME_WAIT."""
    lists_bound_inactive: bool
    """Whether sockets that are bound and idle would be among them."""

    def minimum_left(self, refused: Set[int]) -> int:
        """How many ports a call finds at the least when none but the refused ones are taken.

        In a range of an odd size one may be passed over: the kernel tries every second port, and
        of those with the parity of the first port one too few. That is the first or the last one,
        whichever it draws as the start (`remaining &= ~1U` in __inet_hash_connect and
        inet_csk_find_open_port).
        """
        if not self.lists_bound_inactive:
            return 0
        first, last = self.ephemeral.first, self.ephemeral.last
        left = self.ephemeral.capacity - len(refused)
        if (last - first) % 2 or first == last:
            return left
        return left - any(port in self.ephemeral and port not in refused for port in (first, last))


def measure_occupancy(
    sockets: SocketTable, ephemeral: PortRange, *, lists_bound_inactive: bool = True
) -> Occupancy:
    """Group the TCP sockets of the range."""
    groups = _grouped(sockets, ephemeral)
    ports = sockets.local_ports
    bound = [row for key, rows in groups.items() if key[0] == _BOUND for row in rows]
    bound_ports = {ports[row] for row in bound}
    on = _by_local(sockets, groups)
    return Occupancy(
        sockets=sockets,
        ephemeral=ephemeral,
        bound=bound,
        bound_ports=bound_ports,
        used=bound_ports.union(*on.values()),
        connected_on=on,
        time_wait=sum(len(rows) for key, rows in groups.items() if key[0] == _IN_TIME_WAIT),
        connected=_clients(sockets, groups, _CONNECTED, bound),
        in_time_wait=_clients(sockets, groups, _IN_TIME_WAIT, bound),
        lists_bound_inactive=lists_bound_inactive,
    )


def _grouped(sockets: SocketTable, ephemeral: PortRange) -> _Groups:
    end = sockets.udp_start
    rows: Iterable[int] = range(end)
    keys: Iterable[tuple[int, int, int, int]] = zip(
        sockets.states[:end].translate(_KIND_OF_STATE),
        sockets.local_addresses,
        sockets.remote_addresses,
        sockets.remote_ports,
        strict=False,
    )
    chosen = bytes(map(range_bitmap(ephemeral).__getitem__, sockets.local_ports[:end]))
    if 0 in chosen:
        rows, keys = compress(rows, chosen), compress(keys, chosen)
    groups: defaultdict[tuple[int, int, int, int], list[int]] = defaultdict(list)
    for row, key in zip(rows, keys, strict=False):
        groups[key].append(row)
    return groups


def _by_local(sockets: SocketTable, groups: _Groups) -> dict[int, set[int]]:
    """The ports of all but the bound sockets by the number of their local address."""
    port_of = sockets.local_ports.__getitem__
    on: defaultdict[int, set[int]] = defaultdict(set)
    for (kind, local, _, _), rows in groups.items():
        if kind != _BOUND:
            on[local].update(map(port_of, rows))
    return on


def _clients(
    sockets: SocketTable, groups: _Groups, of_kind: int, bound: Sequence[int]
) -> dict[ConnectPathKey, Sequence[int]]:
    """The rows of one kind that no listener accepted, by their path."""
    unmapped = [address.unmapped if address else b"" for address in sockets.side.addresses]
    zones = [address.zone if address else "" for address in sockets.side.addresses]
    listening = [row for row in bound if sockets.states[row] == LISTEN]
    accepting: dict[int, frozenset[int]] = {}
    clients: dict[ConnectPathKey, Sequence[int]] = {}
    for (kind, local, remote, port), all_rows in groups.items():
        if kind != of_kind or remote == NO_ADDRESS:
            continue
        rows = all_rows
        if listening:
            if local not in accepting:
                accepting[local] = _accepting_ports(sockets, listening, local)
            if accepting[local]:
                own = sockets.local_ports
                rows = [row for row in all_rows if own[row] not in accepting[local]]
        if rows:
            key = (unmapped[local], unmapped[remote], port, zones[local])
            # A second time where one of two clients is an IPv6 socket with mapped addresses.
            clients[key] = [*clients[key], *rows] if key in clients else rows
    return clients


def _accepting_ports(sockets: SocketTable, listening: Sequence[int], number: int) -> frozenset[int]:
    """The ports on which a listener accepts what arrives at this local address."""
    address = sockets.address(number)
    return frozenset(
        sockets.local_ports[row] for row in listening if accepts(sockets, row, address)
    )


def accepts(sockets: SocketTable, row: int, local: Address, device: str = "") -> bool:
    """Whether a listener gets what arrives at this address; an unknown [::] also takes IPv4.

    Args:
        sockets: With the listener.
        row: Of the listener.
        local: What it accepted has its device (net/ipv4/tcp_input.c, inet_rsk(req)->ir_iif).
        device: The one that it arrives at, where that is not the zone of the address.
    """
    bound = sockets.address(sockets.local_addresses[row])
    if bound.zone and bound.zone != (device or local.zone):
        return False
    if bound.unmapped == local.unmapped:
        return True
    if not bound.is_wildcard:
        return False
    if len(bound.unmapped) == len(local.unmapped):
        return True
    return len(bound.unmapped) == 16 and sockets.v6only[row] != 2
