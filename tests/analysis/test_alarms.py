"""Each threshold is announced once, and its end."""

from __future__ import annotations

from porttui.analysis.gauge_history import Alarms
from porttui.forecast.gauges import Gauge, Resource, level_of
from porttui.model.forecast import Headroom

WARN = 20.0


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
