"""How many ports are left to bind(2) on port 0, and to UDP sockets that are not bound.

A port is refused where a socket on it, in whatever state, has an address that collides with the
new one (net/ipv4/inet_connection_sock.c, inet_csk_bind_conflict and inet_rcv_saddr_equal). The
IPv4 wildcard collides with IPv6 sockets, too, unless they are IPv6-only. Those that bound an IPv6
address are (net/ipv6/af_inet6.c, __inet6_bind). Those that connected without having bound are
not, and neither is what a dual-stack listener accepted; of a connection it is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from itertools import compress

from porttui.forecast.occupancy import Occupancy, accepts
from porttui.model.address import Address
from porttui.model.forecast import Headroom
from porttui.model.port_range import PortRange, range_marks
from porttui.model.socket_table import LISTEN, NOWHERE, SocketTable
from porttui.record import NamedTuple

WILDCARD_4 = Address.parse("0.0.0.0")

_UNTOLD, _V6ONLY = 0, 2
"""In `SocketTable.v6only`."""


class _Meeting(Enum):
    """What a new socket finds in one that is there, on the same port."""

    COLLIDES = auto()
    PASSES = auto()
    PASSES_V6ONLY = auto()
    """It collides unless the one that is there is IPv6-only."""


class _Refused(NamedTuple):
    """The ports on which a new socket collides."""

    surely: set[int]
    likely: set[int]
    """It is not told, but expected."""
    hardly: set[int]
    """It is not told, and not expected."""

    @property
    def at_worst(self) -> set[int]:
        return self.surely | self.likely | self.hardly

    def headroom(self, capacity: int, at_least: int) -> Headroom:
        return Headroom(
            at_least=at_least,
            at_most=capacity - len(self.surely),
            expected=capacity - len(self.surely | self.likely),
        )


def bind_headroom(taken: Occupancy, address: Address) -> Headroom:
    """How many TCP sockets can bind port 0 of this address; [::] is taken to be dual-stack."""
    refused = _refused(taken.sockets, address, taken.bound, taken.connected_on)
    at_least = taken.surely_left(refused.at_worst)
    return refused.headroom(taken.ephemeral.capacity, at_least)


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
        if sockets.remote_addresses[row] == NOWHERE:
            bound.append(row)
        else:
            local = sockets.local_addresses[row]
            connected_on.setdefault(local, set()).add(sockets.local_ports[row])
    refused = _refused(sockets, address, bound, connected_on)
    return refused.headroom(ephemeral.capacity, ephemeral.capacity - len(refused.at_worst))


def _udp_rows(sockets: SocketTable, ephemeral: PortRange) -> Iterable[int]:
    start = sockets.udp_from
    chosen = map(range_marks(ephemeral).__getitem__, sockets.local_ports[start:])
    return compress(range(start, len(sockets)), chosen)


def _refused(
    sockets: SocketTable,
    address: Address,
    bound: Iterable[int],
    connected_on: Mapping[int, Iterable[int]],
) -> _Refused:
    bound = list(bound)
    refused = _Refused(set(), set(), set())
    for row in bound:
        port = sockets.local_ports[row]
        meeting = _meeting(address, _address(sockets, sockets.local_addresses[row]))
        if meeting is _Meeting.COLLIDES:
            refused.surely.add(port)
        elif meeting is _Meeting.PASSES_V6ONLY:
            _add_bound(refused, sockets, row)
    for number, ports in connected_on.items():
        local = _address(sockets, number)
        meeting = _meeting(address, local)
        if meeting is _Meeting.COLLIDES:
            refused.surely.update(ports)
        elif meeting is _Meeting.PASSES_V6ONLY:
            accepted = _accepted_v6only(sockets, bound, local).intersection(ports)
            refused.hardly.update(accepted)
            refused.likely.update(accepted.symmetric_difference(ports))
    return refused


def _add_bound(refused: _Refused, sockets: SocketTable, row: int) -> None:
    """A socket that passes if it is IPv6-only; [::] is not, unless it is told."""
    told = sockets.v6only[row]
    if told == _UNTOLD and _address(sockets, sockets.local_addresses[row]).is_wildcard:
        refused.likely.add(sockets.local_ports[row])
    elif told not in (_UNTOLD, _V6ONLY):
        refused.surely.add(sockets.local_ports[row])


def _accepted_v6only(sockets: SocketTable, bound: Iterable[int], local: Address) -> set[int]:
    """Ports where what arrives at this IPv6 address is accepted by an IPv6-only listener."""
    return {
        sockets.local_ports[row]
        for row in bound
        if sockets.states[row] == LISTEN
        and accepts(sockets, row, local)
        and (
            sockets.v6only[row] == _V6ONLY
            or not _address(sockets, sockets.local_addresses[row]).is_wildcard
        )
    }


def _meeting(new: Address, there: Address) -> _Meeting:
    if new.unmapped == there.unmapped:
        return _Meeting.COLLIDES
    if len(new.unmapped) == len(there.unmapped):
        collides = new.is_wildcard or there.is_wildcard
    elif len(new.unmapped) == 16:
        collides = new.is_wildcard
    else:
        # Not for ::ffff:0.0.0.0: as an IPv6 address it does not meet ::1.
        is_any = new.is_wildcard and len(new.packed) == 4
        return _Meeting.PASSES_V6ONLY if is_any or there.is_wildcard else _Meeting.PASSES
    return _Meeting.COLLIDES if collides else _Meeting.PASSES


def _address(sockets: SocketTable, number: int) -> Address:
    address = sockets.side.addresses[number]
    assert address is not None
    return address
