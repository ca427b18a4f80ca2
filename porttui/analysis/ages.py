"""Rounds ages to their largest unit."""

from __future__ import annotations

UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
"""Their lengths in seconds, and how they are written."""


def whole_units(seconds: float) -> int:
    """Seconds, rounded down to the largest unit that fits: it changes as seldom as "4 min"."""
    for size, _ in UNITS:
        if seconds >= size:
            return int(seconds // size) * size
    return 0
