"""Everything that can run out, each with what is left of it and how bad that is."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from porttui.model.address import Address
from porttui.model.forecast import Destination, Flow, Forecast, Headroom, Level
from porttui.model.limits import Limit, Limits
from porttui.model.process import Process, ProcessIdentity
from porttui.record import NamedTuple

WARN = 20.0
CRIT = 5.0
"""Percent of the capacity: less than that left is a warning, or critical."""
_WORSE = (Level.OK, Level.UNKNOWN, Level.WARNING, Level.CRITICAL, Level.EXHAUSTED)


def level(left: int, capacity: int, warn: float = WARN, crit: float = CRIT) -> Level:
    """How bad it is that so many ports are left of so many."""
    if left <= 0:
        return Level.EXHAUSTED
    share = 100 * left / capacity
    if share < crit:
        return Level.CRITICAL
    return Level.WARNING if share < warn else Level.OK


def severity(how: Level) -> int:
    """The higher, the worse. What is unknown is worse than OK and better than a warning."""
    return _WORSE.index(how)


class Resource(StrEnum):
    """What can run out. The last three are no ports, though it looks like having none."""

    CONNECT = "connect"
    BIND = "bind"
    UDP = "udp"
    TCP_RANGE = "tcp_range"
    """Where how ports are given out is not known: how many of the range are not in use."""
    UDP_RANGE = "udp_range"
    CONNTRACK = "conntrack"
    OPEN_FILES = "open_files"
    PROCESS_FILES = "process_files"


class Gauge(NamedTuple):
    """One of them."""

    resource: Resource
    capacity: int
    headroom: Headroom
    level: Level
    destination: Destination | None = None
    """Of CONNECT."""
    address: Address | None = None
    """Of BIND."""
    process: Process | None = None
    """Of PROCESS_FILES."""
    time_wait: int | None = None
    """Of TCP_RANGE: sockets in TIME_WAIT."""

    @property
    def key(self) -> tuple[Resource, Flow | Address | ProcessIdentity | None]:
        """The same for the same thing in every forecast."""
        whose = self.process.identity if self.process else None
        return self.resource, self.flow or self.address or whose

    @property
    def flow(self) -> Flow | None:
        """Of the destination."""
        found = self.destination
        return Flow(found.local, found.remote) if found else None

    @property
    def left(self) -> int:
        """What is to be expected to be left."""
        return self.headroom.expected

    @property
    def used(self) -> int:
        """What is not left of the capacity, whoever has it."""
        return max(0, self.capacity - self.left)

    @property
    def is_estimate(self) -> bool:
        """Whether another call may well find a port where none is left here, or none before."""
        return self.resource in (Resource.TCP_RANGE, Resource.UDP_RANGE)

    @property
    def is_telling(self) -> bool:
        """Whether it is worth a line: of processes that are far from their limit none is."""
        return self.resource is not Resource.PROCESS_FILES or self.level is not Level.OK


def gauges(
    found: Forecast, limits: Limits | None = None, warn: float = WARN, crit: float = CRIT
) -> tuple[Gauge, ...]:
    """All of a forecast, the worst first, otherwise in its order; `warn` and `crit` in percent."""
    every = [*_of_ports(found, warn, crit), *_of_limits(limits, warn, crit)]
    return tuple(sorted(every, key=lambda gauge: (-severity(gauge.level), _place(gauge))))


def _of_ports(found: Forecast, warn: float, crit: float) -> Iterator[Gauge]:
    capacity = found.ephemeral.capacity
    for each in found.destinations:
        if each.headroom is None:
            continue
        how = level(each.headroom.expected, capacity, warn, crit)
        yield Gauge(Resource.CONNECT, capacity, each.headroom, how, destination=each)
    for bind in found.binds:
        how = level(bind.headroom.expected, capacity, warn, crit)
        yield Gauge(Resource.BIND, capacity, bind.headroom, how, address=bind.address)
    if found.udp_headroom is not None:
        how = level(found.udp_headroom.expected, capacity, warn, crit)
        yield Gauge(Resource.UDP, capacity, found.udp_headroom, how)
    if found.is_estimate:
        tcp = _of_range(Resource.TCP_RANGE, capacity, found.tcp_used, warn, crit)
        yield tcp._replace(time_wait=found.time_wait)
        yield _of_range(Resource.UDP_RANGE, capacity, found.udp_used, warn, crit)


def _of_range(resource: Resource, capacity: int, used: int, warn: float, crit: float) -> Gauge:
    left = max(0, capacity - used)
    how = level(left, capacity, warn, crit)
    # That there is no port at all is nothing that an estimate could tell.
    how = Level.CRITICAL if how is Level.EXHAUSTED else how
    return Gauge(resource, capacity, Headroom(0, capacity, left), how)


def _of_limits(limits: Limits | None, warn: float, crit: float) -> Iterator[Gauge]:
    if limits is not None:
        for resource, limit in (
            (Resource.CONNTRACK, limits.conntrack),
            (Resource.OPEN_FILES, limits.open_files),
        ):
            if limit is not None:
                yield _of_limit(resource, limit, warn, crit)
        for process, files in limits.processes:
            gauge = _of_limit(Resource.PROCESS_FILES, files, warn, crit)
            yield gauge._replace(process=process)


def _of_limit(resource: Resource, limit: Limit, warn: float, crit: float) -> Gauge:
    left = max(0, limit.most - limit.used)
    how = level(left, limit.most, warn, crit)
    return Gauge(resource, limit.most, Headroom(left, left, left), how)


def _place(gauge: Gauge) -> tuple[int, float]:
    is_one_of_many = gauge.destination is not None or gauge.process is not None
    return (_ORDER.index(gauge.resource), gauge.left if is_one_of_many else 0)


_ORDER = tuple(Resource)
