"""Percentages in words."""

from __future__ import annotations

import pytest

from porttui.forecast.gauges import level_of, severity
from porttui.model.forecast import Level


@pytest.mark.parametrize(
    ("left", "capacity", "found"),
    [
        (100, 100, Level.OK),
        (20, 100, Level.OK),
        (19, 100, Level.WARNING),
        (5, 100, Level.WARNING),
        (4, 100, Level.CRITICAL),
        (1, 28232, Level.CRITICAL),
        (0, 100, Level.EXHAUSTED),
        (0, 0, Level.EXHAUSTED),
        (5647, 28232, Level.OK),
        (5646, 28232, Level.WARNING),
    ],
)
def test_the_usual_levels(left: int, capacity: int, found: Level) -> None:
    assert level_of(left, capacity) is found


def test_levels_of_one_s_own() -> None:
    assert level_of(59, 100, warn=60, crit=50) is Level.WARNING
    assert level_of(49, 100, warn=60, crit=50) is Level.CRITICAL
    assert level_of(1, 100, warn=0, crit=0) is Level.OK
    assert level_of(0, 100, warn=0, crit=0) is Level.EXHAUSTED


def test_the_order_of_what_is_worse() -> None:
    order = [Level.OK, Level.UNKNOWN, Level.WARNING, Level.CRITICAL, Level.EXHAUSTED]
    assert [severity(each) for each in order] == list(range(5))
    assert {*order} == {*Level}
