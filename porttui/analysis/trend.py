"""Trend of a resource: lows of the last minutes, rate, and time to exhaustion."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

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
