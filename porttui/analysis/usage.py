"""Port usage by range: ports in use, by state and by holder."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence

from porttui.analysis.gauge_history import Trend
from porttui.forecast.gauges import Gauge
from porttui.model.forecast import Level, PortShare
from porttui.model.kernel import IANA_RANGES, PortRange, RangeName
from porttui.model.process import Process
from porttui.model.snapshot import Snapshot
from porttui.model.socket import TcpState
from porttui.model.socket_table import STATES, SocketTable
from porttui.record import NamedTuple

DENSITY_BLOCKS = 256
"""Parts of the port space whose use is counted, of 256 ports each."""


class RangeUsage(NamedTuple):
    """One range. All numbers are distinct ports, not rows: one port may have many sockets.

    TCP and UDP ports are separate tables of the kernel and never take from each other.
    """

    range: PortRange
    tcp: int
    udp: int
    by_state: tuple[tuple[TcpState, int], ...]
    """For each TCP state the ports with a socket in it, most first; a port can be in several."""
    holders: tuple[PortShare, ...]
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
        return next((ports for held_state, ports in self.by_state if held_state is state), 0)


class _Ports:
    """Distinct ports, in order: two searches count those in a range."""

    def __init__(self, ports: Iterable[int]) -> None:
        self._ports = sorted(set(ports) - {0})

    def count_in(self, port_range: PortRange) -> int:
        """How many of them are in the range, reserved ones not counted."""
        reserved_count = sum(self._between(first, last) for first, last in port_range.reserved)
        return self._between(port_range.first, port_range.last) - reserved_count

    def density(self) -> tuple[int, ...]:
        """How many of them are in each of the DENSITY_BLOCKS."""
        used = [0] * DENSITY_BLOCKS
        for port in self._ports:
            used[port * DENSITY_BLOCKS >> 16] += 1
        return tuple(used)

    def _between(self, first: int, last: int) -> int:
        return bisect_right(self._ports, last) - bisect_left(self._ports, first)


class _PortSets(NamedTuple):
    """The distinct ports of a snapshot by protocol, state and process."""

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
    """What is in use, from one pass over all ports."""
    port_sets = _port_sets(snapshot.sockets)
    ranges: Iterable[PortRange] = IANA_RANGES
    if snapshot.ephemeral is not None:
        ranges = (*IANA_RANGES, snapshot.ephemeral)
    return PortUsage(
        tuple(_usage(port_range, port_sets) for port_range in ranges), port_sets.tcp.density()
    )


def _port_sets(sockets: SocketTable) -> _PortSets:
    ports, udp_start = sockets.local_ports, sockets.udp_start
    by_state: dict[TcpState, set[int]] = {}
    for code, held in enumerate(_ports_by_number(sockets.states[:udp_start], ports, len(STATES))):
        state = STATES[code]
        if held and state is not None:
            by_state.setdefault(state, set()).update(held)
    by_process: dict[Process, set[int]] = {}
    holder_sets = sockets.side.holder_sets
    for holders, held in zip(
        holder_sets, _ports_by_number(sockets.holder_sets, ports, len(holder_sets)), strict=True
    ):
        for process in holders:
            by_process.setdefault(process, set()).update(held)
    return _PortSets(
        _Ports(ports[:udp_start]),
        _Ports(ports[udp_start:]),
        {state: _Ports(held) for state, held in by_state.items()},
        {process: _Ports(held) for process, held in by_process.items() if held},
    )


def _ports_by_number(numbers: Sequence[int], ports: Iterable[int], size: int) -> list[set[int]]:
    """For each number below `size` the ports that stand where it stands."""
    by_number: list[set[int]] = [set() for _ in range(size)]
    for number, port in zip(numbers, ports, strict=False):
        by_number[number].add(port)
    return by_number


def _usage(port_range: PortRange, port_sets: _PortSets) -> RangeUsage:
    is_ephemeral = port_range.name is RangeName.EPHEMERAL
    states = [
        (state, ports)
        for state, held in port_sets.by_state.items()
        if (ports := held.count_in(port_range))
    ]
    holders = [
        PortShare(process, ports)
        for process, held in port_sets.by_process.items()
        if (ports := held.count_in(port_range))
    ]
    return RangeUsage(
        range=port_range,
        tcp=port_sets.tcp.count_in(port_range),
        udp=port_sets.udp.count_in(port_range),
        by_state=tuple(sorted(states, key=lambda item: (-item[1], item[0]))),
        holders=tuple(sorted(holders, key=lambda holder: (-holder.ports, holder.process.pid))),
        shared_with=tuple(
            (other.name, shared)
            for other in IANA_RANGES
            if is_ephemeral and (shared := port_range.shared_with(other))
        ),
    )


class PressureRow(NamedTuple):
    """A range, or something that can run out."""

    usage: RangeUsage | None = None
    gauge: Gauge | None = None
    trend: Trend | None = None
    """Of the gauge."""

    @property
    def key(self) -> Hashable:
        """The same for the same thing in every dashboard."""
        return self.usage.key if self.usage else self.gauge.key if self.gauge else None


def pressure_rows(
    usage: Sequence[RangeUsage],
    gauges: Sequence[Gauge],
    trends: Mapping[Hashable, Trend],
) -> tuple[PressureRow, ...]:
    """The ephemeral range first, then low resources, IANA's ranges, and all other resources."""

    def measured(gauge: Gauge) -> PressureRow:
        return PressureRow(gauge=gauge, trend=trends.get(gauge.key))

    ranges = {row.key: row for row in map(PressureRow, usage)}
    ephemeral = ranges.pop(RangeName.EPHEMERAL, None)
    low = [measured(gauge) for gauge in gauges if gauge.level is not Level.OK]
    fine = [measured(gauge) for gauge in gauges if gauge.level is Level.OK and gauge.is_notable]
    first = (ephemeral,) if ephemeral else ()
    return (*first, *low, *ranges.values(), *fine)
