"""The rows of the ranges pane: what can run out, with its trend, and the ranges of ports."""

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
        """The same for the same thing in every board."""
        return self.usage.key if self.usage else self.gauge.key if self.gauge else None


def pressure_rows(
    usage: Sequence[RangeUsage],
    gauges: Sequence[Gauge],
    trends: Mapping[Hashable, Trend],
) -> tuple[PressureRow, ...]:
    """What the kernel draws from first, what runs out of it, the textbook's ranges, the rest."""

    def rows() -> Iterator[PressureRow]:
        yield from (PressureRow(usage=each) for each in usage if each.key is RangeName.EPHEMERAL)
        yield from (measured(each) for each in gauges if each.level is not Level.OK)
        yield from (
            PressureRow(usage=each) for each in usage if each.key is not RangeName.EPHEMERAL
        )
        yield from (measured(each) for each in gauges if each.level is Level.OK and each.is_telling)

    def measured(gauge: Gauge) -> PressureRow:
        return PressureRow(gauge=gauge, trend=trends.get(gauge.key))

    return tuple(rows())
