"""Forecasts bind(2) to port 0, and the autobind of UDP sockets.

A port is refused where a socket on it, in whatever state, has an address that collides with the
new one (net/ipv4/inet_connection_sock.c, inet_csk_bind_conflict and inet_rcv_saddr_equal). The
IPv4 wildcard collides with IPv6 sockets, too, unless they are IPv6-only. Those that bound an IPv6
address are (net/ipv6/af_inet6.c, __inet6_bind). Those that connected without having bound are
not, and neither is what a dual-stack listener accepted. For connections the kernel does not
report it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from itertools import compress

from porttui.forecast.occupancy import Occupancy, accepts
from porttui.model.address import Address, zones_meet
from porttui.model.forecast import Headroom
from porttui.model.kernel import PortRange, range_bitmap
from porttui.model.socket_table import LISTEN, NO_ADDRESS, SocketTable
from porttui.record import NamedTuple

WILDCARD_4 = Address.parse("0.0.0.0")

_V6ONLY_UNKNOWN, _V6ONLY_TRUE = 0, 2
"""In `SocketTable.v6only`."""


class _Conflict(Enum):
    """Whether a new socket conflicts with an existing one on the same port."""

    CONFLICT = auto()
    NO_CONFLICT = auto()
    CONFLICT_UNLESS_V6ONLY = auto()
    """It collides unless the one that is there is IPv6-only."""


class _ConflictingPorts(NamedTuple):
    """The ports on which a new socket collides."""

    certain: set[int]
    likely: set[int]
    """Unknown, but expected."""
    unlikely: set[int]
    """Unknown, and not expected."""

    @property
    def at_worst(self) -> set[int]:
        return self.certain | self.likely | self.unlikely

    def headroom(self, capacity: int, at_least: int) -> Headroom:
        return Headroom(
            at_least=at_least,
            at_most=capacity - len(self.certain),
            expected=capacity - len(self.certain | self.likely),
        )


def bind_headroom(occupancy: Occupancy, address: Address) -> Headroom:
    """How many TCP sockets can bind port 0 of this address; [::] is taken to be dual-stack."""
    conflicts = _conflicting_ports(
        occupancy.sockets, address, occupancy.bound, occupancy.connected_on
    )
    at_least = occupancy.minimum_left(conflicts.at_worst)
    return conflicts.headroom(occupancy.ephemeral.capacity, at_least)


def udp_used(sockets: SocketTable, ephemeral: PortRange) -> int:
    """How many ports of the range have a UDP socket."""
    return len({sockets.local_ports[row] for row in _udp_rows(sockets, ephemeral)})


def udp_headroom(
    sockets: SocketTable, ephemeral: PortRange, address: Address = WILDCARD_4
) -> Headroom:
    """How many UDP sockets can bind port 0 of this address.

    Those that are not bound do that with their wildcard when they connect or send, whatever the
    destination: 0.0.0.0 for IPv4, [::] for IPv6. Every port is tried (net/ipv4/udp.c,
    udp_lib_get_port).
    """
    bound = []
    connected_on: dict[int, set[int]] = {}
    for row in _udp_rows(sockets, ephemeral):
        if sockets.remote_addresses[row] == NO_ADDRESS:
            bound.append(row)
        else:
            local = sockets.local_addresses[row]
            connected_on.setdefault(local, set()).add(sockets.local_ports[row])
    conflicts = _conflicting_ports(sockets, address, bound, connected_on)
    return conflicts.headroom(ephemeral.capacity, ephemeral.capacity - len(conflicts.at_worst))


def _udp_rows(sockets: SocketTable, ephemeral: PortRange) -> Iterable[int]:
    start = sockets.udp_start
    chosen = map(range_bitmap(ephemeral).__getitem__, sockets.local_ports[start:])
    return compress(range(start, len(sockets)), chosen)


def _conflicting_ports(
    sockets: SocketTable,
    address: Address,
    bound: Iterable[int],
    connected_on: Mapping[int, Iterable[int]],
) -> _ConflictingPorts:
    bound = list(bound)
    conflicts = _ConflictingPorts(set(), set(), set())
    for row in bound:
        port = sockets.local_ports[row]
        conflict = _conflict(address, sockets.address(sockets.local_addresses[row]))
        if conflict is _Conflict.CONFLICT:
            conflicts.certain.add(port)
        elif conflict is _Conflict.CONFLICT_UNLESS_V6ONLY:
            _add_bound(conflicts, sockets, row)
    for number, ports in connected_on.items():
        local = sockets.address(number)
        conflict = _conflict(address, local)
        if conflict is _Conflict.CONFLICT:
            conflicts.certain.update(ports)
        elif conflict is _Conflict.CONFLICT_UNLESS_V6ONLY:
            accepted = _accepted_v6only(sockets, bound, local).intersection(ports)
            conflicts.unlikely.update(accepted)
            conflicts.likely.update(accepted.symmetric_difference(ports))
    return conflicts


def _add_bound(conflicts: _ConflictingPorts, sockets: SocketTable, row: int) -> None:
    """A socket that passes if it is IPv6-only; [::] counts as not, while it is unknown."""
    v6only = sockets.v6only[row]
    if v6only == _V6ONLY_UNKNOWN and sockets.address(sockets.local_addresses[row]).is_wildcard:
        conflicts.likely.add(sockets.local_ports[row])
    elif v6only not in (_V6ONLY_UNKNOWN, _V6ONLY_TRUE):
        conflicts.certain.add(sockets.local_ports[row])


def _accepted_v6only(sockets: SocketTable, bound: Iterable[int], local: Address) -> set[int]:
    """Ports where what arrives at this IPv6 address is accepted by an IPv6-only listener."""
    return {
        sockets.local_ports[row]
        for row in bound
        if sockets.states[row] == LISTEN
        and accepts(sockets, row, local)
        and (
            sockets.v6only[row] == _V6ONLY_TRUE
            or not sockets.address(sockets.local_addresses[row]).is_wildcard
        )
    }


def _conflict(new: Address, existing: Address) -> _Conflict:
    if not zones_meet(new, existing):
        return _Conflict.NO_CONFLICT
    if new.unmapped == existing.unmapped:
        return _Conflict.CONFLICT
    if len(new.unmapped) == len(existing.unmapped):
        collides = new.is_wildcard or existing.is_wildcard
    elif len(new.unmapped) == 16:
        collides = new.is_wildcard
    else:
        # Not for ::ffff:0.0.0.0: as an IPv6 address it does not meet ::1.
        is_any = new.is_wildcard and len(new.packed) == 4
        return (
            _Conflict.CONFLICT_UNLESS_V6ONLY
            if is_any or existing.is_wildcard
            else _Conflict.NO_CONFLICT
        )
    return _Conflict.CONFLICT if collides else _Conflict.NO_CONFLICT
