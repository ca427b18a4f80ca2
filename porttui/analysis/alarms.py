"""Announces each resource once when it runs low, and once when it has recovered."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from porttui.forecast.gauges import Gauge, severity
from porttui.model.forecast import Level
from porttui.record import NamedTuple

_RECOVERY_FACTOR = 1.1
"""A resource has recovered when this many times the warning share is left (hysteresis)."""

_QUIET = frozenset({Level.OK, Level.UNKNOWN})


class Announcement(NamedTuple):
    """Something to announce."""

    gauge: Gauge
    """The current gauge; the announced one if it has departed."""
    has_recovered: bool = False
    """Whether the resource has recovered."""
    is_gone: bool = False
    """Whether it is no longer among the most used destinations."""


class Alarms(NamedTuple):
    """The open announcements, by gauge key."""

    announced: Mapping[Hashable, Gauge] = {}

    def update(
        self, gauges: Sequence[Gauge], warn: float
    ) -> tuple[Alarms, tuple[Announcement, ...]]:
        """Compare with the gauges of the next forecast, worst first.

        `warn`: percent of the capacity that is the first threshold.
        """
        announcements: list[Announcement] = []
        announced: dict[Hashable, Gauge] = {}
        current = {gauge.key: gauge for gauge in gauges}
        for key, gauge in current.items():
            known = self.announced.get(key)
            worst_known = severity(known.level) if known else 0
            if gauge.level not in _QUIET and severity(gauge.level) > worst_known:
                announced[key] = gauge
                announcements.append(Announcement(gauge))
            elif known is not None:
                if _has_recovered(gauge, warn):
                    announcements.append(Announcement(gauge, has_recovered=True))
                else:
                    announced[key] = known
        departed = [known for key, known in self.announced.items() if key not in current]
        announcements += [
            Announcement(known, has_recovered=True, is_gone=True) for known in departed
        ]
        return Alarms(announced), tuple(announcements)


def _has_recovered(gauge: Gauge, warn: float) -> bool:
    return gauge.level is Level.OK and 100 * gauge.left >= _RECOVERY_FACTOR * warn * gauge.capacity
