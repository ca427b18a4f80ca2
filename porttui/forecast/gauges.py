"""Gauges of limited resources: capacity, headroom and level."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from porttui.model.address import Address
from porttui.model.forecast import ConnectPath, Destination, Forecast, Headroom, Level
from porttui.model.kernel import Limit, Limits
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
    """What can run out. The values are keys of the JSON; `text.forecast.RESOURCES` has the words.

    The last three are not ports, but to run out of them looks like a lack of ports.
    """

    CONNECT = "connect"
    BIND = "bind"
    UDP = "udp"
    TCP_RANGE = "tcp_range"
    """Unused ports of the range, where the rules that assign ports are unknown."""
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
        """Whether the next call may find a port though none is left here, or none before."""
        return self.resource in (Resource.TCP_RANGE, Resource.UDP_RANGE)

    @property
    def is_notable(self) -> bool:
        """Whether it is worth a line. A process far from its limit is not."""
        return self.resource is not Resource.PROCESS_FILES or self.level is not Level.OK


class _Thresholds(NamedTuple):
    """Percent of the capacity."""

    warn: float
    crit: float

    def gauge(self, resource: Resource, capacity: int, headroom: Headroom) -> Gauge:
        level = level_of(headroom.expected, capacity, self.warn, self.crit)
        return Gauge(resource, capacity, headroom, level)

    def range_gauge(self, resource: Resource, capacity: int, used: int) -> Gauge:
        gauge = self.gauge(resource, capacity, Headroom(0, capacity, max(0, capacity - used)))
        # An estimate cannot say that there is no port at all.
        is_exhausted = gauge.level is Level.EXHAUSTED
        return gauge._replace(level=Level.CRITICAL) if is_exhausted else gauge

    def limit_gauge(self, resource: Resource, limit: Limit) -> Gauge:
        left = max(0, limit.maximum - limit.used)
        return self.gauge(resource, limit.maximum, Headroom(left, left, left))


def gauges(
    forecast: Forecast, limits: Limits | None = None, warn: float = WARN, crit: float = CRIT
) -> tuple[Gauge, ...]:
    """All of a forecast, the worst first, otherwise in its order; `warn` and `crit` in percent."""
    thresholds = _Thresholds(warn, crit)
    every = list(_port_gauges(forecast, thresholds))
    if limits is not None:
        every += _limit_gauges(limits, thresholds)
    return tuple(sorted(every, key=lambda gauge: (-severity(gauge.level), _sort_key(gauge))))


def system_limits(limits: Limits) -> dict[Resource, Limit | None]:
    """The limits of the whole system, by what they limit; None where it is unknown."""
    return {Resource.CONNTRACK: limits.conntrack, Resource.OPEN_FILES: limits.open_files}


def _port_gauges(forecast: Forecast, thresholds: _Thresholds) -> Iterator[Gauge]:
    capacity = forecast.ephemeral.capacity
    for destination in forecast.destinations:
        if destination.headroom is not None:
            gauge = thresholds.gauge(Resource.CONNECT, capacity, destination.headroom)
            yield gauge._replace(destination=destination)
    for bind in forecast.binds:
        gauge = thresholds.gauge(Resource.BIND, capacity, bind.headroom)
        yield gauge._replace(address=bind.address)
    if forecast.udp_headroom is not None:
        yield thresholds.gauge(Resource.UDP, capacity, forecast.udp_headroom)
    if forecast.is_estimate:
        gauge = thresholds.range_gauge(Resource.TCP_RANGE, capacity, forecast.tcp_used)
        yield gauge._replace(time_wait=forecast.time_wait)
        yield thresholds.range_gauge(Resource.UDP_RANGE, capacity, forecast.udp_used)


def _limit_gauges(limits: Limits, thresholds: _Thresholds) -> Iterator[Gauge]:
    for resource, limit in system_limits(limits).items():
        if limit is not None:
            yield thresholds.limit_gauge(resource, limit)
    for process, files in limits.processes:
        gauge = thresholds.limit_gauge(Resource.PROCESS_FILES, files)
        yield gauge._replace(process=process)


def _sort_key(gauge: Gauge) -> tuple[int, float]:
    is_one_of_many = gauge.destination is not None or gauge.process is not None
    return (_ORDER.index(gauge.resource), gauge.left if is_one_of_many else 0)


_ORDER = tuple(Resource)
