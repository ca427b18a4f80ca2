"""The ranges pane: how much of each range of ports is in use, how, and by whom."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

from porttui.model.port_range import IANA_RANGES, PortRange, RangeName
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import TcpState
from porttui.model.socket_table import STATES, SocketTable
from porttui.record import NamedTuple

BLOCKS = 256
"""Parts of the port space whose use is counted, of 256 ports each."""


class HolderCount(NamedTuple):
    """How many distinct ports of a range a process holds."""

    process: Process
    ports: int


class RangeUsage(NamedTuple):
    """One range. All numbers are distinct ports, not rows: one port may have many sockets.

    TCP and UDP ports are separate tables of the kernel and never take from each other.
    """

    range: PortRange
    tcp: int
    udp: int
    by_state: tuple[tuple[TcpState, int], ...]
    """For each TCP state the ports with a socket in it, most first; a port can be in several."""
    holders: tuple[HolderCount, ...]
    """Most first."""
    shared_with: tuple[tuple[RangeName, int], ...]
    """For the ephemeral range: how many of its ports lie in each of IANA's ranges."""

    @property
    def key(self) -> RangeName:
        """Each range is there once."""
        return self.range.name

    @property
    def share(self) -> float:
        """TCP ports in use, of the capacity; 0..1."""
        return self.tcp / self.range.capacity if self.range.capacity else 0.0

    def in_state(self, state: TcpState) -> int:
        """Ports with a socket in `state`."""
        return next((ports for each, ports in self.by_state if each is state), 0)


class _Ports:
    """Distinct ports, in order: how many lie in a range is two look-ups."""

    def __init__(self, ports: Iterable[int]) -> None:
        self._ports = sorted(set(ports) - {0})

    def within(self, port_range: PortRange) -> int:
        """How many of them are in the range, reserved ones not counted."""
        held_back = sum(self._between(first, last) for first, last in port_range.reserved)
        return self._between(port_range.first, port_range.last) - held_back

    def density(self) -> tuple[int, ...]:
        """How many of them are in each of the BLOCKS."""
        used = [0] * BLOCKS
        for port in self._ports:
            used[port * BLOCKS >> 16] += 1
        return tuple(used)

    def _between(self, first: int, last: int) -> int:
        return bisect_right(self._ports, last) - bisect_left(self._ports, first)


class _Census(NamedTuple):
    """The distinct ports of a snapshot, by what is to be told of them."""

    tcp: _Ports
    udp: _Ports
    by_state: Mapping[TcpState, _Ports]
    by_process: Mapping[Process, _Ports]


class PortUsage(NamedTuple):
    """Of the whole port space."""

    ranges: tuple[RangeUsage, ...]
    """IANA's three, and the kernel's ephemeral range where it is known."""
    density: tuple[int, ...]
    """How many TCP ports of each block are in use."""


def port_usage(snapshot: Snapshot) -> PortUsage:
    """What is in use, from one look at all ports."""
    census = _census(snapshot.sockets)
    ranges: Iterable[PortRange] = IANA_RANGES
    if snapshot.ephemeral is not None:
        ranges = (*IANA_RANGES, snapshot.ephemeral)
    return PortUsage(tuple(_usage(each, census) for each in ranges), census.tcp.density())


def _census(sockets: SocketTable) -> _Census:
    ports, udp_from = sockets.local_ports, sockets.udp_from
    by_state: dict[TcpState, set[int]] = {}
    for code, held in enumerate(_sorted_out(sockets.states[:udp_from], ports, len(STATES))):
        state = STATES[code]
        if held and state is not None:
            by_state.setdefault(state, set()).update(held)
    by_process: dict[Process, set[int]] = {}
    groups = sockets.side.groups
    for group, held in zip(groups, _sorted_out(sockets.groups, ports, len(groups)), strict=True):
        for process in group:
            by_process.setdefault(process, set()).update(held)
    return _Census(
        _Ports(ports[:udp_from]),
        _Ports(ports[udp_from:]),
        {state: _Ports(held) for state, held in by_state.items()},
        {process: _Ports(held) for process, held in by_process.items() if held},
    )


def _sorted_out(numbers: Sequence[int], ports: Iterable[int], most: int) -> list[set[int]]:
    """For each number below `most` the ports that stand where it stands."""
    found: list[set[int]] = [set() for _ in range(most)]
    for number, port in zip(numbers, ports, strict=False):
        found[number].add(port)
    return found


def _usage(port_range: PortRange, census: _Census) -> RangeUsage:
    is_ephemeral = port_range.name is RangeName.EPHEMERAL
    states = [
        (state, ports)
        for state, held in census.by_state.items()
        if (ports := held.within(port_range))
    ]
    holders = [
        HolderCount(process, ports)
        for process, held in census.by_process.items()
        if (ports := held.within(port_range))
    ]
    return RangeUsage(
        range=port_range,
        tcp=census.tcp.within(port_range),
        udp=census.udp.within(port_range),
        by_state=tuple(sorted(states, key=lambda each: (-each[1], each[0]))),
        holders=tuple(sorted(holders, key=lambda each: (-each.ports, each.process.pid))),
        shared_with=tuple(
            (other.name, shared)
            for other in IANA_RANGES
            if is_ephemeral and (shared := port_range.shared_with(other))
        ),
    )
