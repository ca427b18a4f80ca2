"""Rows of the ranges pane: port ranges, and limited resources with their trend."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

from porttui.analysis.trend import Trend
from porttui.analysis.usage import RangeUsage
from porttui.forecast.gauges import Gauge
from porttui.model.forecast import Level
from porttui.model.port_range import RangeName
from porttui.record import NamedTuple


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

    def rows() -> Iterator[PressureRow]:
        yield from (
            PressureRow(usage=range_usage)
            for range_usage in usage
            if range_usage.key is RangeName.EPHEMERAL
        )
        yield from (measured(gauge) for gauge in gauges if gauge.level is not Level.OK)
        yield from (
            PressureRow(usage=range_usage)
            for range_usage in usage
            if range_usage.key is not RangeName.EPHEMERAL
        )
        yield from (
            measured(gauge) for gauge in gauges if gauge.level is Level.OK and gauge.is_notable
        )

    def measured(gauge: Gauge) -> PressureRow:
        return PressureRow(gauge=gauge, trend=trends.get(gauge.key))

    return tuple(rows())
