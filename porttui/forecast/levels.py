"""From numbers to words."""

from __future__ import annotations

from collections.abc import Iterable

from porttui.model.forecast import Level

_WORSE = (Level.OK, Level.UNKNOWN, Level.WARNING, Level.CRITICAL, Level.EXHAUSTED)


def level(left: int, capacity: int, warn: float = 20.0, crit: float = 5.0) -> Level:
    """How bad it is that so many ports are left of so many.

    `warn` and `crit` are percent of the capacity; less than that is bad.
    """
    if left <= 0:
        return Level.EXHAUSTED
    share = 100 * left / capacity
    if share < crit:
        return Level.CRITICAL
    return Level.WARNING if share < warn else Level.OK


def severity(how: Level) -> int:
    """The higher, the worse. What is unknown is worse than OK and better than a warning."""
    return _WORSE.index(how)


def worst(levels: Iterable[Level]) -> Level:
    """The worst of them; OK of none."""
    return max(levels, key=severity, default=Level.OK)
