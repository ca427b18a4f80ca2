"""Follows gauges from sample to sample: how much was left, and what to announce."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from porttui.forecast.gauges import Gauge, severity
from porttui.model.forecast import Level
from porttui.record import NamedTuple

BUCKET_S = 5.0
BUCKETS = 36
"""Three minutes."""
RATE_OVER_S = 10.0
"""The time that the rate is taken over. A port in TIME_WAIT can be reused after 1 s: over a shorter
time every wave of connections would look like a trend."""
_RATE_AFTER_S = 2.0


class Trend(NamedTuple):
    """What is left of something, over time."""

    lows: tuple[int | None, ...]
    """The least that was left in each BUCKET_S, the oldest first; None without a sample."""
    rate: float | None
    """How many are used up per second, negative while more become free; None before there are
    samples of two seconds."""
    exhausted_in_s: float | None
    """When nothing is left at this rate; None while it does not shrink."""


class LeftHistory(NamedTuple):
    """The samples a trend is computed from."""

    recent: tuple[tuple[float, int], ...] = ()
    """Times and numbers left, over RATE_OVER_S."""
    lows: tuple[tuple[int, int], ...] = ()
    """The number of each bucket with a sample, and the least in it."""

    def update(self, at: float, left: int) -> LeftHistory:
        """Add a sample, taken at monotonic seconds `at`."""
        bucket = int(at / BUCKET_S)
        lows = dict(self.lows)
        lows[bucket] = min(left, lows.get(bucket, left))
        kept = tuple((when, count) for when, count in self.recent if at - when <= RATE_OVER_S)
        return LeftHistory(
            (*kept, (at, left)),
            tuple((number, low) for number, low in lows.items() if bucket - number < BUCKETS),
        )

    @property
    def trend(self) -> Trend:
        """The trend at the last sample."""
        if not self.recent:
            return Trend((), None, None)
        (first_at, first), (last_at, last) = self.recent[0], self.recent[-1]
        seconds = last_at - first_at
        rate = (first - last) / seconds if seconds >= _RATE_AFTER_S else None
        lows, newest = dict(self.lows), int(last_at / BUCKET_S)
        oldest = min(lows)
        return Trend(
            lows=tuple(lows.get(bucket) for bucket in range(oldest, newest + 1)),
            rate=rate,
            exhausted_in_s=last / rate if rate is not None and rate > 0 else None,
        )


def update_histories(
    before: Mapping[Hashable, LeftHistory], at: float, left: Mapping[Hashable, int]
) -> Mapping[Hashable, LeftHistory]:
    """The histories of everything that there is something left of; the others are forgotten."""
    return {key: before.get(key, LeftHistory()).update(at, count) for key, count in left.items()}


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
