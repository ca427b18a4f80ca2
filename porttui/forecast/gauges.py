"""Gauges of limited resources: capacity, headroom and level."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from porttui.model.address import Address
from porttui.model.forecast import ConnectPath, Destination, Forecast, Headroom, Level
from porttui.model.limits import Limit, Limits
from porttui.model.process import Process, ProcessIdentity
from porttui.record import NamedTuple

WARN = 20.0
CRIT = 5.0
"""Percent of the capacity: less than that left is a warning, or critical."""
_BY_SEVERITY = (Level.OK, Level.UNKNOWN, Level.WARNING, Level.CRITICAL, Level.EXHAUSTED)


def level_of(left: int, capacity: int, warn: float = WARN, crit: float = CRIT) -> Level:
    """The level of `left` out of `capacity`."""
    if left <= 0:
        return Level.EXHAUSTED
    share = 100 * left / capacity
    if share < crit:
        return Level.CRITICAL
    return Level.WARNING if share < warn else Level.OK


def severity(level: Level) -> int:
    """The higher, the worse. What is unknown is worse than OK and better than a warning."""
    return _BY_SEVERITY.index(level)


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
    """A limited resource: its capacity, headroom and level."""

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
    def key(self) -> tuple[Resource, ConnectPath | Address | ProcessIdentity | None]:
        """The same for the same thing in every forecast."""
        whose = self.process.identity if self.process else None
        return self.resource, self.path or self.address or whose

    @property
    def path(self) -> ConnectPath | None:
        """Of the destination."""
        destination = self.destination
        return ConnectPath(destination.local, destination.remote) if destination else None

    @property
    def left(self) -> int:
        """The expected headroom."""
        return self.headroom.expected

    @property
    def used(self) -> int:
        """Capacity less headroom."""
        return max(0, self.capacity - self.left)

    @property
    def is_estimate(self) -> bool:
        """Whether another call may well find a port where none is left here, or none before."""
        return self.resource in (Resource.TCP_RANGE, Resource.UDP_RANGE)

    @property
    def is_notable(self) -> bool:
        """Whether it is worth a line: of processes that are far from their limit none is."""
        return self.resource is not Resource.PROCESS_FILES or self.level is not Level.OK


def gauges(
    forecast: Forecast, limits: Limits | None = None, warn: float = WARN, crit: float = CRIT
) -> tuple[Gauge, ...]:
    """All of a forecast, the worst first, otherwise in its order; `warn` and `crit` in percent."""
    every = [*_of_ports(forecast, warn, crit), *_of_limits(limits, warn, crit)]
    return tuple(sorted(every, key=lambda gauge: (-severity(gauge.level), _sort_key(gauge))))


def _of_ports(forecast: Forecast, warn: float, crit: float) -> Iterator[Gauge]:
    capacity = forecast.ephemeral.capacity
    for destination in forecast.destinations:
        if destination.headroom is None:
            continue
        level = level_of(destination.headroom.expected, capacity, warn, crit)
        yield Gauge(
            Resource.CONNECT, capacity, destination.headroom, level, destination=destination
        )
    for bind in forecast.binds:
        level = level_of(bind.headroom.expected, capacity, warn, crit)
        yield Gauge(Resource.BIND, capacity, bind.headroom, level, address=bind.address)
    if forecast.udp_headroom is not None:
        level = level_of(forecast.udp_headroom.expected, capacity, warn, crit)
        yield Gauge(Resource.UDP, capacity, forecast.udp_headroom, level)
    if forecast.is_estimate:
        tcp = _of_range(Resource.TCP_RANGE, capacity, forecast.tcp_used, warn, crit)
        yield tcp._replace(time_wait=forecast.time_wait)
        yield _of_range(Resource.UDP_RANGE, capacity, forecast.udp_used, warn, crit)


def _of_range(resource: Resource, capacity: int, used: int, warn: float, crit: float) -> Gauge:
    left = max(0, capacity - used)
    level = level_of(left, capacity, warn, crit)
    # That there is no port at all is nothing that an estimate could tell.
    level = Level.CRITICAL if level is Level.EXHAUSTED else level
    return Gauge(resource, capacity, Headroom(0, capacity, left), level)


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
    left = max(0, limit.maximum - limit.used)
    level = level_of(left, limit.maximum, warn, crit)
    return Gauge(resource, limit.maximum, Headroom(left, left, left), level)


def _sort_key(gauge: Gauge) -> tuple[int, float]:
    is_one_of_many = gauge.destination is not None or gauge.process is not None
    return (_ORDER.index(gauge.resource), gauge.left if is_one_of_many else 0)


_ORDER = tuple(Resource)
