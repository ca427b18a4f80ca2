"""The ranges pane: how much of each range of ports is in use, how, and by whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from porttui.model.address import Protocol
from porttui.model.port_range import IANA_RANGES, PortRange, RangeName
from porttui.model.process import Process, ProcessIdentity
from porttui.model.snapshot import Snapshot
from porttui.model.socket import TcpState


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


class _Ports(NamedTuple):
    """The distinct ports of a snapshot."""

    tcp: frozenset[int]
    udp: frozenset[int]
    by_state: dict[TcpState, set[int]]
    by_process: dict[ProcessIdentity, set[int]]
    processes: dict[ProcessIdentity, Process]


def range_usage(snapshot: Snapshot) -> tuple[RangeUsage, ...]:
    """IANA's three ranges, and the kernel's ephemeral range where it is known."""
    ports = _ports(snapshot)
    ranges: Iterable[PortRange] = IANA_RANGES
    if snapshot.ephemeral is not None:
        ranges = (*IANA_RANGES, snapshot.ephemeral)
    return tuple(_usage(each, ports) for each in ranges)


def _ports(snapshot: Snapshot) -> _Ports:
    tcp: set[int] = set()
    udp: set[int] = set()
    by_state: dict[TcpState, set[int]] = {}
    by_process: dict[ProcessIdentity, set[int]] = {}
    processes: dict[ProcessIdentity, Process] = {}
    for each in snapshot.sockets:
        port = each.local.port
        (tcp if each.protocol is Protocol.TCP else udp).add(port)
        if each.state is not None:
            by_state.setdefault(each.state, set()).add(port)
        for process in each.holders:
            processes[process.identity] = process
            by_process.setdefault(process.identity, set()).add(port)
    return _Ports(frozenset(tcp), frozenset(udp), by_state, by_process, processes)


def _usage(port_range: PortRange, ports: _Ports) -> RangeUsage:
    states = Counter({state: _count(port_range, held) for state, held in ports.by_state.items()})
    holders = Counter(
        {identity: _count(port_range, held) for identity, held in ports.by_process.items()}
    )
    is_ephemeral = port_range.name is RangeName.EPHEMERAL
    return RangeUsage(
        range=port_range,
        tcp=_count(port_range, ports.tcp),
        udp=_count(port_range, ports.udp),
        by_state=tuple((state, count) for state, count in states.most_common() if count),
        holders=tuple(
            HolderCount(ports.processes[identity], count)
            for identity, count in holders.most_common()
            if count
        ),
        shared_with=tuple(
            (other.name, shared)
            for other in IANA_RANGES
            if is_ephemeral and (shared := port_range.shared_with(other))
        ),
    )


def _count(port_range: PortRange, ports: Iterable[int]) -> int:
    return sum(port in port_range for port in ports)
