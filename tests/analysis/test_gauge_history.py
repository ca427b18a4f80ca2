"""Trends of what is left, and each threshold announced once."""

from __future__ import annotations

import pytest

from porttui.analysis.gauge_history import (
    BUCKET_S,
    BUCKETS,
    RATE_OVER_S,
    Alarms,
    LeftHistory,
    update_histories,
)
from porttui.forecast.gauges import Gauge, Resource, level_of
from porttui.model.forecast import Headroom

WARN = 20.0


def seen(*looks: tuple[float, int]) -> LeftHistory:
    history = LeftHistory()
    for at, left in looks:
        history = history.update(at, left)
    return history


def test_nothing_seen_tells_nothing() -> None:
    assert LeftHistory().trend == ((), None, None)


def test_one_look_has_no_rate() -> None:
    trend = seen((100.0, 50)).trend
    assert trend.lows == (50,)
    assert trend.rate is None
    assert trend.exhausted_in_s is None


def test_a_bucket_keeps_the_least_and_one_without_a_look_is_empty() -> None:
    start = 20 * BUCKET_S
    trend = seen((start, 50), (start + 1, 40), (start + 2, 45), (start + 2 * BUCKET_S, 44)).trend
    assert trend.lows == (40, None, 44)


def test_old_buckets_are_forgotten() -> None:
    history = seen(*((each * BUCKET_S, each) for each in range(3 * BUCKETS)))
    assert history.trend.lows == tuple(range(2 * BUCKETS, 3 * BUCKETS))
    assert len(history.lows) == BUCKETS


def test_what_shrinks_ends() -> None:
    trend = seen(*((float(second), 1000 - 20 * second) for second in range(6))).trend
    assert trend.rate == pytest.approx(20)
    assert trend.exhausted_in_s == pytest.approx(900 / 20)


def test_what_grows_does_not_end() -> None:
    trend = seen(*((float(second), 100 + 5 * second) for second in range(6))).trend
    assert trend.rate == pytest.approx(-5)
    assert trend.exhausted_in_s is None


def test_what_is_exhausted_already_is_exhausted_now() -> None:
    assert seen((0.0, 30), (3.0, 0)).trend.exhausted_in_s == 0


def test_the_rate_is_that_of_the_last_seconds() -> None:
    falling = [(float(second), 1000 - 50 * second) for second in range(10)]
    steady = [(10.0 + second, 500) for second in range(int(RATE_OVER_S) + 1)]
    history = seen(*falling, *steady)
    assert history.trend.rate == 0
    assert len(history.recent) <= RATE_OVER_S + 1


def test_what_is_gone_is_forgotten() -> None:
    first = update_histories({}, 0.0, {"a": 5, "b": 6})
    second = update_histories(first, 3.0, {"b": 3, "c": 9})
    assert set(second) == {"b", "c"}
    assert second["b"].trend.rate == pytest.approx(1)


def gauge(left: int, resource: Resource = Resource.UDP) -> Gauge:
    return Gauge(resource, 100, Headroom(left, left, left), level_of(left, 100))


def told(*lefts: int) -> list[tuple[str, bool]]:
    """The level and whether it is over, of all announcements of a number as it changes."""
    alarms = Alarms()
    heard = []
    for left in lefts:
        alarms, announcements = alarms.update([gauge(left)], WARN)
        heard += [(each.gauge.level.value, each.has_recovered) for each in announcements]
    return heard


def test_nothing_is_said_while_all_is_well() -> None:
    assert told(100, 50, 20, 21, 20) == []


def test_each_threshold_once() -> None:
    assert told(50, 19, 18, 10, 5, 4, 3, 0, 0) == [
        ("warning", False),
        ("critical", False),
        ("exhausted", False),
    ]


def test_a_fall_through_several_is_one() -> None:
    assert told(50, 0) == [("exhausted", False)]


def test_the_end_is_said_once() -> None:
    assert told(50, 4, 50, 60) == [("critical", False), ("ok", True)]


def test_what_trembles_around_a_threshold_is_announced_once() -> None:
    assert told(21, 19, 20, 19, 21, 19) == [("warning", False)]
    assert told(6, 4, 6, 4, 6) == [("warning", False), ("critical", False)]


def test_after_its_end_it_is_announced_again() -> None:
    assert told(19, 30, 19) == [("warning", False), ("ok", True), ("warning", False)]


def test_what_is_gone_is_over() -> None:
    alarms, _ = Alarms().update([gauge(0), gauge(3, Resource.CONNTRACK)], WARN)
    alarms, announcements = alarms.update([gauge(0)], WARN)
    assert [(each.gauge.resource, each.has_recovered, each.is_gone) for each in announcements] == [
        (Resource.CONNTRACK, True, True)
    ]
    assert alarms.update([gauge(0)], WARN)[1] == ()
